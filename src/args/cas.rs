//! The index of a conditional write: `--cas=7`, or as the official client takes it.

use crate::exit::Failure;

/// Returns the index of `--cas=INDEX`, or of `--cas --modify-index INDEX`; `None` without `--cas`.
///
/// # Errors
/// Exit 2 where there is no index, or two.
pub fn cas_index(
    cas: Option<Option<u64>>,
    modify_index: Option<u64>,
) -> Result<Option<u64>, Failure> {
    match (cas, modify_index) {
        (None, _) => Ok(None),
        (Some(Some(index)), None) | (Some(None), Some(index)) => Ok(Some(index)),
        (Some(None), None) => Err(Failure::usage("--cas needs an index")
            .hint("--cas=INDEX or --modify-index INDEX, as get -o json prints it")),
        (Some(Some(_)), Some(_)) => Err(Failure::usage("--cas has an index already")
            .hint("give it by --cas=INDEX or by --modify-index INDEX")),
    }
}
