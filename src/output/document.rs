//! The document that `consul kv export` writes, byte for byte: Go's JSON indented with tabs.

use std::io::{self, Write};

use super::consul;

/// Writes an entry of the array, its value given in base64; [`super::ListWriter`] writes the brackets
/// around it.
pub fn entry(
    out: &mut impl Write,
    key: &str,
    flags: u64,
    base64: &[u8],
    terminal: bool,
) -> io::Result<()> {
    out.write_all(b"\t{\n\t\t\"key\": ")?;
    consul::write_str(&mut *out, key, terminal)?;
    out.write_all(b",\n\t\t\"flags\": ")?;
    consul::write(&mut *out, &flags, terminal)?;
    out.write_all(b",\n\t\t\"value\": \"")?;
    out.write_all(base64)?;
    out.write_all(b"\"\n\t}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Format, ListWriter};

    #[test]
    fn it_is_what_the_official_client_writes() {
        let mut out = Vec::new();
        let mut list = ListWriter::new(Format::Json);
        for value in [&b"eCB5"[..], b""] {
            list.item(&mut out, |out| entry(out, "d/<b>", 7, value, false))
                .unwrap();
        }
        list.finish(&mut out).unwrap();
        let expected = "[\n\t{\n\t\t\"key\": \"d/\\u003cb\\u003e\",\n\t\t\"flags\": 7,\n\t\t\"value\": \"eCB5\"\n\t},\n\
                        \t{\n\t\t\"key\": \"d/\\u003cb\\u003e\",\n\t\t\"flags\": 7,\n\t\t\"value\": \"\"\n\t}\n]\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
