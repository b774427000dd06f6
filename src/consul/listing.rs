//! Listings of `/v1/kv`, read from the socket one element at a time.

use serde::de::Error as _;

use super::answer::{Answer, MeteredBody};
use super::error::RequestContext;
use super::json::{self, Elements, EncodedEntry, Fault, RawEntry};
use super::request::{Block, Request, describe_prefix, path_of};
use super::{Client, Error, Meta, Reply};
use crate::model::{Entry, Prefix, abbreviate};

/// The elements of a listing, read from the socket; none where Consul answered 404. An error ends
/// it.
pub(super) struct Stream {
    body: Option<(Elements<MeteredBody>, RequestContext)>,
}

impl Stream {
    pub(super) fn new(answer: Answer) -> Result<(Self, Meta), Error> {
        let meta = answer.meta;
        answer.index()?;
        if answer.status == 404 {
            answer.discard()?;
            return Ok((Stream { body: None }, meta));
        }
        let longest = answer.bounds.longest_element();
        let (reader, context) = answer.reader();
        let body = Some((Elements::new(reader, longest), context));
        Ok((Stream { body }, meta))
    }

    fn next<T>(
        &mut self,
        parse: impl FnMut(&[u8]) -> serde_json::Result<(T, usize)>,
    ) -> Option<Result<T, Error>> {
        let (elements, context) = self.body.as_mut()?;
        let item = match elements.next(parse) {
            Ok(element) => element.map(Ok),
            Err(fault) => Some(Err(map_error(context, fault))),
        };
        if !matches!(item, Some(Ok(_))) {
            self.body = None;
        }
        item
    }
}

fn map_error(context: &RequestContext, fault: Fault) -> Error {
    match fault {
        Fault::Io(error) => context.map_body(&error),
        Fault::Cut => context.cut_off(),
        Fault::Json(error) => context.map_json(error),
        Fault::TooLong => context.too_long("an element is too long"),
        Fault::Expected(what) => context.invalid_answer(format_args!("expected {what}")),
    }
}

/// Entries read from the socket one by one, in the server's order.
pub struct EntryListing {
    stream: Stream,
    /// The prefix that was listed, if it is not that of all keys.
    listed: Option<Prefix>,
    /// The prefix of the entries to return, where the request was for a wider one.
    only: Option<Prefix>,
    /// The memory of the value that is decoded.
    value: Vec<u8>,
}

impl EntryListing {
    /// The listing of all entries of the stream.
    pub(super) fn all(stream: Stream) -> Self {
        EntryListing {
            stream,
            listed: None,
            only: None,
            value: Vec::new(),
        }
    }

    /// Calls `read` with the next entry, its value still in base64: a caller that writes base64
    /// need not decode and encode it.
    pub fn next_encoded<T>(
        &mut self,
        mut read: impl FnMut(EncodedEntry<'_>) -> T,
    ) -> Option<Result<T, Error>> {
        self.next_raw(|entry| entry.encoded().map(&mut read))
    }

    fn next_raw<T>(
        &mut self,
        mut read: impl FnMut(&RawEntry<'_>) -> serde_json::Result<T>,
    ) -> Option<Result<T, Error>> {
        let (listed, only) = (self.listed.as_ref(), self.only.as_ref());
        loop {
            let item = self.stream.next(|text| match json::parse_entry(text) {
                // By reference: moving an entry takes a tenth of the time of reading it.
                Ok((ref entry, len)) => {
                    check_listed(listed, entry.key())?;
                    let is_requested =
                        only.is_none_or(|only| entry.key().starts_with(only.as_str()));
                    Ok((is_requested.then(|| read(entry)).transpose()?, len))
                }
                Err(error) => Err(error),
            })?;
            if let Some(item) = item.transpose() {
                return Some(item);
            }
        }
    }
}

impl Iterator for EntryListing {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut value = std::mem::take(&mut self.value);
        let item = self.next_raw(|entry| entry.pack(&mut value));
        self.value = value;
        item
    }
}

/// Names read from the socket one by one.
pub struct NameListing {
    stream: Stream,
    /// The prefix that was listed, if it is not that of all keys.
    listed: Option<Prefix>,
    /// The prefix and separator that were asked for, where the request had to be for a wider prefix.
    cut: Option<(Prefix, String)>,
    last: Option<String>,
}

impl Iterator for NameListing {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let listed = self.listed.as_ref();
            let item = self.stream.next(|text| {
                let parsed = json::parse::<String>(text)?;
                check_listed(listed, &parsed.0)?;
                Ok(parsed)
            })?;
            let (Ok(name), Some((prefix, separator))) = (&item, &self.cut) else {
                return Some(item);
            };
            let Some(name) = cut(name, prefix.as_str(), separator) else {
                continue;
            };
            if self.last.as_deref() != Some(name) {
                self.last = Some(name.to_owned());
                return Some(Ok(name.to_owned()));
            }
        }
    }
}

/// Checks that a key was asked for: what is not Consul, or a cache before it, may answer anything.
fn check_listed(listed: Option<&Prefix>, key: &str) -> serde_json::Result<()> {
    if listed.is_none_or(|prefix| key.starts_with(prefix.as_str())) {
        return Ok(());
    }
    let key = abbreviate(key);
    Err(serde_json::Error::custom(format_args!(
        "it holds {key}, which was not asked for"
    )))
}

/// The name up to and including the first separator after the prefix, as Consul cuts it; `None` for a
/// name without the prefix.
fn cut<'a>(name: &'a str, prefix: &str, separator: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(prefix)?;
    let end = match rest.find(separator) {
        Some(at) if !separator.is_empty() => prefix.len() + at + separator.len(),
        _ => name.len(),
    };
    Some(&name[..end])
}

impl Client {
    /// Lists the entries whose keys start with `prefix`. An unclean prefix is listed from its
    /// nearest clean folder and filtered here.
    ///
    /// # Errors
    /// A body that is cut off or no list of entries is an error of the listing.
    pub fn entries(
        &self,
        prefix: &Prefix,
        block: Option<Block>,
    ) -> Result<Reply<EntryListing>, Error> {
        let clean = prefix.clean();
        let mut request = listing(
            &clean,
            format!("listing {}", describe_prefix(prefix)),
            block,
        );
        request.query.flag("recurse");
        let (stream, meta) = Stream::new(self.send(&request)?)?;
        let value = EntryListing {
            only: (clean != *prefix).then(|| prefix.clone()),
            listed: (!clean.is_root()).then_some(clean),
            ..EntryListing::all(stream)
        };
        Ok(Reply { meta, value })
    }

    /// Lists the names that start with `prefix`, up to and including the first `separator` after it
    /// (empty: whole names).
    ///
    /// # Errors
    /// A body that is cut off or no list of names is an error of the listing.
    pub fn names(
        &self,
        prefix: &Prefix,
        separator: &str,
        block: Option<Block>,
    ) -> Result<Reply<NameListing>, Error> {
        let clean = prefix.clean();
        let mut request = listing(
            &clean,
            format!("listing {}", describe_prefix(prefix)),
            block,
        );
        request.query.flag("keys");
        let exact = clean == *prefix;
        if exact && !separator.is_empty() {
            request.query.add("separator", separator);
        }
        let (stream, meta) = Stream::new(self.send(&request)?)?;
        let value = NameListing {
            stream,
            cut: (!exact).then(|| (prefix.clone(), separator.to_owned())),
            listed: (!clean.is_root()).then_some(clean),
            last: None,
        };
        Ok(Reply { meta, value })
    }
}

fn listing(clean: &Prefix, doing: String, block: Option<Block>) -> Request<'static> {
    Request {
        accepts: Some(404),
        block,
        long: true,
        ..Request::get(path_of(clean.as_str()), doing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_as_consul_cuts_them() {
        let names = ["web", "web-x", "web/B", "web/b/", "web/b/c", "web2"];
        let cut_all = |prefix, separator| {
            let mut all: Vec<_> = names
                .iter()
                .filter_map(|name| cut(name, prefix, separator))
                .collect();
            all.dedup();
            all
        };
        assert_eq!(cut_all("web/", "/"), ["web/B", "web/b/"]);
        assert_eq!(cut_all("web", "/"), ["web", "web-x", "web/", "web2"]);
        assert_eq!(cut_all("web/", ""), ["web/B", "web/b/", "web/b/c"]);
        assert_eq!(cut_all("we", "b"), ["web"]);
    }
}
