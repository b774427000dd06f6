//! kvw watch with handlers.
