//! The document that `consul kv export` writes, byte for byte: Go's JSON indented with tabs.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::consul;
use crate::model::Entry;

/// Writes an entry of the array; [`super::ListWriter`] writes the brackets around it.
pub fn entry(out: &mut impl Write, entry: &Entry, terminal: bool) -> io::Result<()> {
    out.write_all(b"\t{\n\t\t\"key\": ")?;
    consul::write(&mut *out, &entry.key(), terminal)?;
    let flags = entry.flags();
    write!(out, ",\n\t\t\"flags\": {flags},\n\t\t\"value\": \"")?;
    out.write_all(STANDARD.encode(entry.value()).as_bytes())?;
    out.write_all(b"\"\n\t}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fields;
    use crate::output::{Format, ListWriter};

    #[test]
    fn it_is_what_the_official_client_writes() {
        let fields = Fields {
            key: "d/<b>",
            value: Some(b"x y"),
            flags: 7,
            ..Fields::default()
        };
        let mut out = Vec::new();
        let mut list = ListWriter::new(Format::Json);
        for value in [&b"x y"[..], b""] {
            let value = Some(value);
            let one = Entry::pack(&Fields { value, ..fields });
            list.item(&mut out, |out| entry(out, &one, false)).unwrap();
        }
        list.finish(&mut out).unwrap();
        let expected = "[\n\t{\n\t\t\"key\": \"d/\\u003cb\\u003e\",\n\t\t\"flags\": 7,\n\t\t\"value\": \"eCB5\"\n\t},\n\
                        \t{\n\t\t\"key\": \"d/\\u003cb\\u003e\",\n\t\t\"flags\": 7,\n\t\t\"value\": \"\"\n\t}\n]\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}
