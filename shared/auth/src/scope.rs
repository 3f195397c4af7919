//! The scope of records that a caller can access. Every store function takes one;
//! to the caller, a record outside of it doesn't exist.

use uuid::Uuid;
use wangge_kernel::area_code;

/// A set of records, defined by area, by held orders, or by either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordScope {
    /// Records inside this area; empty for everywhere, `None` for no area.
    area_code: Option<String>,
    /// Records on which this unit holds a live order.
    holder: Option<Uuid>,
    /// Shared records of the areas around `area_code` as well, if they are inside
    /// this area; empty for everywhere.
    around: Option<String>,
}

impl RecordScope {
    /// Creates a scope of records in an area, held by a unit, or either. With
    /// neither, it is empty.
    pub fn new(area_code: Option<String>, holder: Option<Uuid>) -> Self {
        Self {
            area_code,
            holder,
            around: None,
        }
    }

    /// Creates a scope of the records in an area and the shared records of the
    /// areas around it.
    pub fn with_around(area_code: Option<String>) -> Self {
        Self {
            around: Some(String::new()),
            ..Self::new(area_code, None)
        }
    }

    /// Returns the scope of every record, for the service's own work.
    pub fn everything() -> Self {
        Self::new(Some(String::new()), None)
    }

    /// Returns the lower bound of the area codes in scope. Without an area it
    /// equals the upper bound, so that the range is empty.
    pub fn area_from(&self) -> String {
        self.area_code
            .clone()
            .unwrap_or_else(|| area_code::upper_bound(""))
    }

    /// Returns the exclusive upper bound of the area codes in scope.
    pub fn area_until(&self) -> String {
        area_code::upper_bound(self.area_code.as_deref().unwrap_or_default())
    }

    /// Returns the codes of possible ancestors of the area in scope whose shared
    /// records are in scope, too; empty if none are.
    pub fn areas_around(&self) -> Vec<String> {
        let (Some(own), Some(within)) = (&self.area_code, &self.around) else {
            return Vec::new();
        };
        let mut codes = area_code::around(own);
        codes.retain(|code| area_code::is_within(code, within));
        codes
    }

    /// Returns the unit whose live orders grant access; `None` if holding grants
    /// none.
    pub fn holder(&self) -> Option<Uuid> {
        self.holder
    }

    /// Returns true if a record in the area `code` is in scope.
    pub fn covers(&self, code: &str) -> bool {
        self.area_code
            .as_deref()
            .is_some_and(|area| area_code::is_within(code, area))
    }

    /// Returns the caller's own area, if the scope has one.
    pub fn own_area(&self) -> Option<&str> {
        self.area_code.as_deref()
    }

    /// Narrows the scope to the records inside `code`; an empty `code` changes
    /// nothing. A code outside of the scope results in an empty scope.
    #[must_use]
    pub fn within(&self, code: &str) -> Self {
        let narrowed = |area: &Option<String>| match area {
            // A wider `code` must not widen the scope: the narrower of both areas
            // remains.
            Some(own) if area_code::is_within(code, own) => Some(code.to_owned()),
            Some(own) if area_code::is_within(own, code) => Some(own.clone()),
            _ => None,
        };
        Self {
            area_code: narrowed(&self.area_code),
            // Not narrowed: held records are in scope wherever they are, and lists
            // filter by area themselves.
            holder: self.holder,
            around: narrowed(&self.around),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(scope: &RecordScope, code: &str) -> bool {
        let (from, until) = (scope.area_from(), scope.area_until());
        let in_range = code >= from.as_str() && code < until.as_str();
        assert_eq!(in_range, scope.covers(code), "{code} in {scope:?}");
        in_range
    }

    #[test]
    fn a_scope_is_a_range_of_codes() {
        let street = RecordScope::new(Some("320402003".into()), None);
        assert!(reaches(&street, "320402003005001"));
        assert!(!reaches(&street, "320402004005001"));
        assert!(!reaches(&street, "320402"));
        assert!(reaches(&RecordScope::everything(), "110101"));
        assert!(!reaches(&RecordScope::new(None, None), "320402"));
        assert!(!reaches(&RecordScope::new(None, None), ""));
    }

    #[test]
    fn narrowing_never_widens() {
        let street = RecordScope::new(Some("320402003".into()), None);
        assert!(reaches(&street.within("320402003005"), "320402003005001"));
        assert!(!reaches(&street.within("320402003005"), "320402003006"));
        assert!(reaches(&street.within("320402"), "320402003005001"));
        assert!(!reaches(&street.within("320402"), "320402004"));
        assert!(!reaches(&street.within("320403"), "320403001"));
        assert!(reaches(&street.within(""), "320402003"));
    }

    #[test]
    fn what_lies_around_is_in_scope_only_where_that_is_said() {
        let area = || Some("320402003".to_owned());
        let around = RecordScope::with_around(area());
        assert!(around.areas_around().contains(&"320402".to_owned()));
        assert_eq!(around.within(""), around);
        assert_eq!(around.within("320402003").areas_around(), ["320402003"]);
        let street = around.within("3204020");
        assert_eq!(street.areas_around(), ["3204020", "32040200", "320402003"]);
        assert!(around.within("320403").areas_around().is_empty());
        assert!(RecordScope::new(area(), None).areas_around().is_empty());
        assert!(RecordScope::with_around(None).areas_around().is_empty());
    }
}
