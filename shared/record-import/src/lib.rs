//! Records, the import floor: imports of records with their history, in batches with
//! an outcome for each row, and dry runs, which commit nothing. It refuses to read
//! files and streams: services pass it the rows as messages.

pub mod claims;
pub mod load;
pub mod outcome;
pub mod rows;

pub use claims::read_claims;
pub use outcome::Outcome;
