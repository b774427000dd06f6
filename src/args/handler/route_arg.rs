//! The value of `--route`.

use std::ffi::OsString;
use std::str::FromStr;

use crate::args::program::is_blank;
use crate::model::Glob;

/// `GLOB=CMD`: the keys of a route and the shell line that handles them.
#[derive(Debug, Clone)]
pub struct RouteArg {
    /// The keys.
    pub glob: Glob,
    /// The line.
    pub line: OsString,
}

impl FromStr for RouteArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('=');
        let (glob, line) = parts
            .filter(|(glob, line)| !glob.is_empty() && !is_blank(line.as_ref()))
            .ok_or("expected GLOB=CMD")?;
        Ok(RouteArg {
            glob: Glob::new(glob).map_err(|invalid| invalid.to_string())?,
            line: line.into(),
        })
    }
}
