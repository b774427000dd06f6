//! Every JSON output, parsed with types that refuse unknown fields.
