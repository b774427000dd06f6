//! what runs when keys change
