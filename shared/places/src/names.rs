//! Names of areas that an address may begin with: 常州市天宁区富强新村17幢.
//! Only names of areas that are known are taken off, and what is left is looked
//! for within that area alone.

use std::collections::HashMap;

use crate::address;

/// The names, in the form in which addresses are compared, with the areas that
/// bear them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    by_name: HashMap<Vec<char>, Vec<String>>,
    /// Names of districts, before which a province and a city may stand.
    districts: Vec<Vec<char>>,
    /// Letters of the longest name.
    longest: usize,
}

impl Names {
    /// Names of areas: name, code, whether it is a district.
    pub(crate) fn new<'a>(areas: impl Iterator<Item = (&'a str, &'a str, bool)>) -> Self {
        let mut names = Self::default();
        for (name, code, is_district) in areas {
            let name: Vec<char> = address::normalize(name).chars().collect();
            // A name of one letter would be part of others.
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

    /// The area whose name the letters begin with, within another one, and the
    /// letters behind the name. None if there is none, if several bear the name,
    /// or if nothing but a number is left.
    pub(crate) fn take<'l>(&self, letters: &'l [char], within: &str) -> Option<(&str, &'l [char])> {
        let letters = self.at_district(letters).unwrap_or(letters);
        let longest = self.longest.min(letters.len());
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
        let says = rest.len() >= 2 && !rest.first()?.is_ascii_digit();
        says.then_some((area.as_str(), rest))
    }

    /// The letters from the name of a district on, if a province and a city
    /// stand before it and nothing else.
    fn at_district<'l>(&self, letters: &'l [char]) -> Option<&'l [char]> {
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
