//! The keys that `--include` and `--exclude` select.

use super::Glob;

/// Includes and excludes keys by globs.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only keys that match one of these; all keys if there are none.
    pub include: Vec<Glob>,
    /// No keys that match one of these, even if included.
    pub exclude: Vec<Glob>,
}

impl Filter {
    /// The globs, with their flags.
    pub fn globs(&self) -> impl Iterator<Item = (&'static str, &Glob)> {
        let include = self.include.iter().map(|glob| ("--include", glob));
        include.chain(self.exclude.iter().map(|glob| ("--exclude", glob)))
    }

    /// Whether a key is selected.
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
