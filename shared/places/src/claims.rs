//! Which of several areas that claim a place has it. What lies in one
//! community's hands, a boundary or an entry of the address book, never takes a
//! place from another community: of such claims none wins.

use std::collections::HashSet;

/// Where a place lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Located<'a> {
    /// No area claims it.
    Nowhere,
    /// In this area: the smallest that claims it.
    In(&'a str),
    /// Areas of different parents claim it, and none has it: a boundary case.
    Between {
        /// The smallest area that all of them lie in, if they are of one
        /// district.
        common: Option<&'a str>,
        /// Those that claim it, by code.
        claims: Vec<&'a str>,
    },
}

impl<'a> Located<'a> {
    /// The smallest area that is known to hold the place.
    pub fn area(&self) -> Option<&'a str> {
        match self {
            Self::Nowhere => None,
            Self::In(code) => Some(code),
            Self::Between { common, .. } => *common,
        }
    }
}

/// The tree of areas, told by codes: a child's begins with its parent's.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    codes: HashSet<String>,
}

impl Tree {
    pub(crate) fn new(codes: HashSet<String>) -> Self {
        Self { codes }
    }

    /// The parent of an area.
    pub(crate) fn parent(&self, code: &str) -> Option<&str> {
        self.longest(code, code.len().checked_sub(1)?)
    }

    /// The smallest area that all lie in.
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
        (1..=length)
            .rev()
            .filter_map(|end| code.get(..end))
            .find_map(|code| self.codes.get(code))
            .map(String::as_str)
    }

    /// Of claims, the first of which is the best, the one that has the place:
    /// the best one, unless another lies neither around nor in it nor, as a
    /// grid beside it, under the same parent.
    pub(crate) fn decide<'a>(
        &'a self,
        claims: &[&'a str],
        is_grid: impl Fn(&str) -> bool,
    ) -> Located<'a> {
        let Some(best) = claims.first() else {
            return Located::Nowhere;
        };
        let agrees = |other: &&str| {
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
