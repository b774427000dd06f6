//! Connection flags, environment, token file.
