//! Area names at the start of an address: 常州市天宁区富强新村17幢. Only names of known areas
//! are removed, and the rest is looked up inside that area only.

use std::collections::HashMap;

use crate::address;

/// Normalised names, with the areas that have them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_name: HashMap<Vec<char>, Vec<String>>,
    /// Names of districts, which a province and a city may precede.
    districts: Vec<Vec<char>>,
    /// Length of the longest name in characters.
    longest: usize,
}

impl Names {
    /// Builds the lookup from (name, code, true if it is a district).
    pub(crate) fn new<'a>(areas: impl Iterator<Item = (&'a str, &'a str, bool)>) -> Self {
        let mut names = Self::default();
        for (name, code, is_district) in areas {
            let name: Vec<char> = address::normalize(name).chars().collect();
            // A name of one character would match the start of others.
            if name.len() < 2 {
                continue;
            }
            names.longest = names.longest.max(name.len());
            if is_district {
                names.districts.push(name.clone());
            }
            names.by_name.entry(name).or_default().push(code.to_owned());
        }
        names
    }

    /// Removes the area name at the start of an address and returns the area with
    /// the rest. Only areas inside or around `within` count. Returns `None` without
    /// such a name, if it is ambiguous, or if only a number remains.
    pub(crate) fn take<'l>(&self, letters: &'l [char], within: &str) -> Option<(&str, &'l [char])> {
        let letters = self.at_district(letters).unwrap_or(letters);
        let longest = self.longest.min(letters.len());
        // Longest first: one name may be the prefix of another.
        let (name, rest) = (2..=longest)
            .rev()
            .map(|length| letters.split_at(length))
            .find(|(name, _)| self.by_name.contains_key(*name))?;
        let mut areas = self
            .by_name
            .get(name)?
            .iter()
            .filter(|code| code.starts_with(within) || within.starts_with(code.as_str()));
        let area = areas.next().filter(|_| areas.next().is_none())?;
        // A bare number such as 17幢 identifies nothing inside the area.
        let says = rest.len() >= 2 && !rest.first()?.is_ascii_digit();
        says.then_some((area.as_str(), rest))
    }

    /// Returns the address from a district's name on, if only a province and a city
    /// precede it.
    fn at_district<'l>(&self, letters: &'l [char]) -> Option<&'l [char]> {
        // A province and a city are at most 9 characters each; the limit bounds the
        // search.
        let cities = letters.iter().take(24).enumerate();
        cities
            .filter(|(_, letter)| **letter == '市')
            .find_map(|(number, _)| {
                let (above, rest) = letters.split_at(number + 1);
                let names = above
                    .split_inclusive(|letter| "省市".contains(*letter))
                    .all(|name| (3..=9).contains(&name.len()));
                let district = self.districts.iter().any(|name| rest.starts_with(name));
                (names && district).then_some(rest)
            })
    }
}
