//! Which keys are reported at all.

use crate::model::Glob;

/// What the user wants to hear of.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only these keys; all where there are none.
    pub include: Vec<Glob>,
    /// Never these, whatever is included.
    pub exclude: Vec<Glob>,
}

impl Filter {
    /// Whether a key is told of.
    pub fn admits(&self, key: &str) -> bool {
        let any = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(key));
        (self.include.is_empty() || any(&self.include)) && !any(&self.exclude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str) -> Glob {
        Glob::new(pattern).unwrap()
    }

    #[test]
    fn exclude_wins_over_include() {
        let filter = Filter {
            include: vec![glob("app/**"), glob("web/**")],
            exclude: vec![glob("**/secret/**")],
        };
        assert!(filter.admits("app/name") && filter.admits("web/port"));
        assert!(!filter.admits("app/secret/key") && !filter.admits("other"));
        assert!(Filter::default().admits("anything"));
    }
}
