//! Decides between several areas that claim a place. A claim of one community, by a
//! boundary or an address book entry, never takes a place from another community:
//! if their claims conflict, none wins.

use std::collections::HashSet;

/// The result of locating a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located<'a> {
    /// No area claims the place.
    Nowhere,
    /// The place is in this area, the smallest one that claims it.
    In(&'a str),
    /// Areas of different parents claim the place, so none gets it: a boundary
    /// case.
    Between {
        /// The smallest common ancestor of the claiming areas, if they are in one
        /// district.
        common: Option<&'a str>,
        /// Codes of the claiming areas, sorted.
        claims: Vec<&'a str>,
    },
}

impl<'a> Located<'a> {
    /// Returns the smallest area that is known to contain the place.
    pub fn area(&self) -> Option<&'a str> {
        match self {
            Self::Nowhere => None,
            Self::In(code) => Some(code),
            Self::Between { common, .. } => *common,
        }
    }
}

/// The tree of areas, derived from codes: a child's code starts with its parent's.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    codes: HashSet<String>,
}

impl Tree {
    pub(crate) fn new(codes: HashSet<String>) -> Self {
        Self { codes }
    }

    /// Returns the parent of an area: the longest known proper prefix of its code.
    pub(crate) fn parent(&self, code: &str) -> Option<&str> {
        self.longest(code, code.len().checked_sub(1)?)
    }

    /// Returns the smallest common ancestor of the areas, which may be one of them.
    fn common(&self, codes: &[&str]) -> Option<&str> {
        let first = codes.first()?;
        let shared = codes.iter().fold(first.len(), |shared, code| {
            let same = first
                .bytes()
                .zip(code.bytes())
                .take_while(|(a, b)| a == b)
                .count();
            shared.min(same)
        });
        self.longest(first, shared)
    }

    fn longest(&self, code: &str, length: usize) -> Option<&str> {
        // Codes of one level have no fixed length, so each prefix is looked up.
        (1..=length)
            .rev()
            .filter_map(|end| code.get(..end))
            .find_map(|code| self.codes.get(code))
            .map(String::as_str)
    }

    /// Decides between claims, of which the first is the best. It wins if each
    /// other claim is an ancestor or a descendant of it, or if both are grids with
    /// the same parent.
    pub(crate) fn decide<'a>(
        &'a self,
        claims: &[&'a str],
        is_grid: impl Fn(&str) -> bool,
    ) -> Located<'a> {
        let Some(best) = claims.first() else {
            return Located::Nowhere;
        };
        let agrees = |other: &&str| {
            // Grids of one community may overlap: whichever wins, the community is
            // the same.
            let beside = is_grid(best) && is_grid(other) && self.parent(best) == self.parent(other);
            best.starts_with(other) || other.starts_with(best) || beside
        };
        if claims.iter().all(agrees) {
            return Located::In(best);
        }
        let mut claims = claims.to_vec();
        claims.sort_unstable();
        claims.dedup();
        Located::Between {
            common: self.common(&claims),
            claims,
        }
    }
}
