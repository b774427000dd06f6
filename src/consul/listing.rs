//! Listings of `/v1/kv`, pulled from the socket one element at a time.

use serde::Deserialize;

use super::answer::{Answer, Metered};
use super::error::Context;
use super::json::{Elements, Encoded, Fault, Json, RawEntry};
use super::request::{Block, Request, path_of, shown};
use super::{Client, Error, Meta, Reply};
use crate::model::{Entry, Key, Prefix};

/// A listing's elements as they come from the socket; none where Consul answered 404. An error is
/// the last item.
pub(super) struct Stream {
    body: Option<(Elements<Metered>, Context)>,
}

impl Stream {
    pub(super) fn of(answer: Answer) -> Result<(Self, Meta), Error> {
        let meta = answer.meta;
        answer.index()?;
        if answer.status == 404 {
            answer.bytes()?;
            return Ok((Stream { body: None }, meta));
        }
        let (reader, context) = answer.reader();
        let body = Some((Elements::new(reader), context));
        Ok((Stream { body }, meta))
    }

    fn next<T>(
        &mut self,
        parse: impl FnMut(&mut Json<'_>) -> serde_json::Result<T>,
    ) -> Option<Result<T, Error>> {
        let (elements, context) = self.body.as_mut()?;
        let item = match elements.next(parse) {
            Ok(element) => element.map(Ok),
            Err(fault) => Some(Err(told(context, fault))),
        };
        if !matches!(item, Some(Ok(_))) {
            self.body = None;
        }
        item
    }
}

fn told(context: &Context, fault: Fault) -> Error {
    match fault {
        Fault::Io(error) => context.body(&error),
        Fault::Cut => context.cut_off(),
        Fault::Json(error) => context.json(error),
        Fault::Expected(what) => context.nonsense(format_args!("it lacks {what}")),
    }
}

/// Entries pulled from the socket one by one, in the server's order.
pub struct Entries {
    stream: Stream,
    /// What keys must begin with, where the listing is wider than what was asked for.
    only: Option<Prefix>,
}

impl Entries {
    /// All that come.
    pub(super) fn all(stream: Stream) -> Self {
        Entries { stream, only: None }
    }

    /// Gives the next entry to `take` with its value still in base64: who writes base64 need not
    /// decode and encode it.
    pub fn next_encoded<T>(
        &mut self,
        mut take: impl FnMut(Encoded<'_>) -> T,
    ) -> Option<Result<T, Error>> {
        self.next_raw(|entry| entry.encoded().map(&mut take))
    }

    fn next_raw<T>(
        &mut self,
        mut read: impl FnMut(&RawEntry<'_>) -> serde_json::Result<T>,
    ) -> Option<Result<T, Error>> {
        let only = self.only.as_ref().map_or("", Prefix::as_str);
        loop {
            let item = self.stream.next(|json| {
                let entry = RawEntry::deserialize(json)?;
                let is_asked_for = entry.key().starts_with(only);
                is_asked_for.then(|| read(&entry)).transpose()
            })?;
            if let Some(item) = item.transpose() {
                return Some(item);
            }
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        // The method by its path is of one lifetime only.
        #[expect(clippy::redundant_closure_for_method_calls)]
        self.next_raw(|entry| entry.pack())
    }
}

/// Names pulled from the socket one by one.
pub struct Names {
    stream: Stream,
    /// Prefix and separator, where the listing is wider than what was asked for and not cut.
    cut: Option<(Prefix, String)>,
    last: Option<String>,
}

impl Iterator for Names {
    type Item = Result<String, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let item = self.stream.next(|json| String::deserialize(json))?;
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

/// The name up to the first separator after the prefix, as Consul cuts it; `None` outside of it.
fn cut<'a>(name: &'a str, prefix: &str, separator: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(prefix)?;
    let end = match rest.find(separator) {
        Some(at) if !separator.is_empty() => prefix.len() + at + separator.len(),
        _ => name.len(),
    };
    Some(&name[..end])
}

impl Client {
    /// All entries whose keys begin with `prefix`. An unclean prefix is listed from its nearest clean
    /// folder and filtered here.
    ///
    /// # Errors
    /// A body that breaks off or is no list of entries shows while it is pulled.
    pub fn entries(&self, prefix: &Prefix, block: Option<Block>) -> Result<Reply<Entries>, Error> {
        let clean = prefix.clean();
        let mut request = listing(&clean, format!("listing {}", shown(prefix)), block);
        request.query.flag("recurse");
        let (stream, meta) = Stream::of(self.send(&request)?)?;
        let value = Entries {
            only: (clean != *prefix).then(|| prefix.clone()),
            ..Entries::all(stream)
        };
        Ok(Reply { meta, value })
    }

    /// Whether a listing that showed nothing may be believed: where the token may not read, Consul
    /// answers as if nothing were there, but refuses to read the prefix's own name. There is no
    /// such name for the whole store.
    ///
    /// # Errors
    /// 403 where nothing may be read.
    pub fn prove_empty(&self, prefix: &Prefix) -> Result<(), Error> {
        match Key::new(prefix.as_str()) {
            Ok(key) => self.get(&key).map(drop),
            Err(_) => Ok(()),
        }
    }

    /// The names that begin with `prefix`, cut behind the first `separator` after it (empty: not cut).
    ///
    /// # Errors
    /// A body that breaks off or is no list of names shows while it is pulled.
    pub fn names(
        &self,
        prefix: &Prefix,
        separator: &str,
        block: Option<Block>,
    ) -> Result<Reply<Names>, Error> {
        let clean = prefix.clean();
        let mut request = listing(
            &clean,
            format!("listing the names in {}", shown(prefix)),
            block,
        );
        request.query.flag("keys");
        let exact = clean == *prefix;
        if exact && !separator.is_empty() {
            request.query.add("separator", separator);
        }
        let (stream, meta) = Stream::of(self.send(&request)?)?;
        let value = Names {
            stream,
            cut: (!exact).then(|| (prefix.clone(), separator.to_owned())),
            last: None,
        };
        Ok(Reply { meta, value })
    }
}

fn listing(clean: &Prefix, doing: String, block: Option<Block>) -> Request<'static> {
    Request {
        accepts: Some(404),
        block,
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
