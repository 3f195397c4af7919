//! Keys of records in a list: the values of the columns of its order, as texts, which page
//! tokens carry. It refuses to trust a key that comes from a token.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use super::Listing;

/// A column of the list order.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Name of the column.
    pub name: &'static str,
    /// SQL type of the column, to which the key in a page token is cast.
    pub sql_type: &'static str,
}

impl Column {
    /// Returns true if a text can be cast to the column's type. Page tokens aren't
    /// signed: the database would fail with an internal error on a forged one.
    fn can_hold(&self, text: &str) -> bool {
        match self.sql_type {
            "bigint" => text.parse::<i64>().is_ok(),
            "date" => text.parse::<NaiveDate>().is_ok(),
            "timestamptz" => text.parse::<DateTime<Utc>>().is_ok(),
            "uuid" => Uuid::parse_str(text).is_ok(),
            _ => true,
        }
    }
}

impl Listing {
    /// Returns true if a key from a page token can be a key of this list.
    pub fn is_key(&self, key: &[String]) -> bool {
        let mut parts = self.order.iter().zip(key);
        key.len() == self.order.len() && parts.all(|(column, part)| column.can_hold(part))
    }

    /// Returns the columns of the list order as texts, for the key of a record. As in JSON,
    /// so that a time doesn't depend on the settings of the connection.
    pub(super) fn key(&self) -> String {
        let names = self.order.iter();
        names
            .map(|column| format!("to_json(kept.{}) #>> '{{}}'", column.name))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forged_key_is_no_key_of_a_list() {
        let listing = Listing {
            order: &[
                Column {
                    name: "visit_time",
                    sql_type: "timestamptz",
                },
                Column {
                    name: "entry",
                    sql_type: "bigint",
                },
            ],
            ..Listing::of("visit")
        };
        let is_key = |key: &[&str]| {
            let key: Vec<String> = key.iter().map(ToString::to_string).collect();
            listing.is_key(&key)
        };
        assert!(is_key(&["2022-07-28T10:00:00.123456+00:00", "7"]));
        assert!(!is_key(&["2022-07-28T10:00:00+00:00"]));
        assert!(!is_key(&["2022-07-28T10:00:00+00:00", "7", "8"]));
        assert!(!is_key(&["yesterday", "7"]));
        assert!(!is_key(&["2022-07-28T10:00:00+00:00", "seven"]));
    }
}
