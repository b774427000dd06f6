//! What only kvw dev does.
