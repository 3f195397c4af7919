//! Lists of records by area. Each shape of list has an index that holds its records in
//! list order, so a page costs about as many rows as it returns, however large the
//! table is. It refuses to scan: a list with a filter that its table doesn't support is
//! empty.
//!
//! The code of an area is a prefix of the codes of all areas inside it. A list is
//! served by the index on the longest prefix in `LENGTHS` that the area's code has;
//! these are the lengths of the codes of districts, streets, communities and grids.
//! Records with that prefix but outside of the area are filtered out. With states, the
//! first records of each requested state are read from the index and merged. The
//! connections for lists have a planner setup in which pages of a table cost nothing,
//! so the cheapest plan is the one that visits the fewest rows.
//!
//! For records in effect on a day, reading in list order can be arbitrarily slow: in an
//! area where nearly all records have ended, it would visit all of them to find a few.
//! So the statement first checks whether they are few, with an index on areas and days.
//! If so, it reads all of them by that index and sorts. If not, they are frequent
//! enough for reading in order to fill the page soon.
//!
//! All statements share the parameters that `Listing::arguments` binds: `$1` and `$2`
//! are the bounds of the area codes in scope, `$3` the parent, `$4` the day, `$5` the
//! last key of the previous page, `$6` the page size, `$7` the sort values and `$8` the
//! areas around the scope.

mod key;

use sqlx::{Arguments as _, AssertSqlSafe, postgres::PgArguments};
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError};

use wangge_record::Record;

pub use self::key::Column;
use crate::{Filter, Listed, table::from_row};

/// Lengths of the code prefixes that are indexed, the longest first.
const LENGTHS: [usize; 4] = [15, 12, 9, 6];

/// Condition for records inside the area. Needed in addition to the prefix, which can
/// be shorter than the area's code.
const WITHIN: &str = "kept.area_code >= $1 and kept.area_code < $2";

/// Condition that few records are in effect on the day: at most ten pages.
/// [`Listing::held`] reads one row beyond that.
const FEW: &str = "(select count(*) <= $6 * 10 from held)";

/// The list order and the filters of a table. Names are those of the table and its
/// columns.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The table. It must have a column `area_code`; if it is dated, its database must
    /// have the type `code_range`, a range of area codes.
    pub table: &'static str,
    /// The columns of the list order. The last one must be unique: it identifies a
    /// record, and makes the order total.
    pub order: &'static [Column],
    /// True for ascending order.
    pub is_ascending: bool,
    /// SQL expression for the id of a record's parent, if records have one. An index
    /// should have the same expression.
    pub parent: Option<&'static str>,
    /// True if a record is always in the area of its parent.
    pub lies_with_parent: bool,
    /// The column that indexes sort by before the list order, such as the state.
    pub sort: Option<Sort>,
    /// True if the records are dated, with the columns `start_date` and `end_date`.
    pub is_dated: bool,
    /// Further SQL condition for a record to be in effect on day `$4`; the row's alias
    /// is `kept`. It must look up single rows by their keys, in the form
    /// `coalesce((select …), true)`: a subquery that the planner can turn into a join
    /// makes it read the whole table.
    pub holds_while: Option<&'static str>,
    /// True if a record is also listed for the areas inside its own, as in
    /// [`RecordScope::areas_around`].
    pub is_shared: bool,
}

/// A column with few values that indexes sort by first.
#[derive(Debug, Clone, Copy)]
pub struct Sort {
    /// Name of the column.
    pub column: &'static str,
    /// Returns all values that the column can have, for lists without a filter on it.
    pub values: fn() -> Vec<i16>,
}

impl Listing {
    /// Creates the listing of a table in the order of entry, the newest record first,
    /// without parent, states or days.
    pub const fn of(table: &'static str) -> Self {
        Self {
            table,
            order: &[Column {
                name: "entry",
                sql_type: "bigint",
            }],
            is_ascending: false,
            parent: None,
            lies_with_parent: false,
            sort: None,
            is_dated: false,
            holds_while: None,
            is_shared: false,
        }
    }

    /// Returns the records of a page, in list order.
    ///
    /// # Errors
    /// Returns an error if no connection is free, or the database's.
    pub async fn records<R: Record>(
        &self,
        lanes: &Lanes,
        scope: &RecordScope,
        filter: &Filter,
    ) -> Result<Vec<Listed<R>>, StoreError> {
        let Some(page) = self.page(scope, filter) else {
            return Ok(Vec::new());
        };
        let table = self.table;
        let Some(last) = self.order.last() else {
            return Ok(Vec::new());
        };
        // The join doesn't preserve the order of the page. Sorted by the place on it: for the
        // columns of the order, the planner could read the whole table by their index.
        let statement = format!(
            "select array[{}], row_to_json(kept)::text \
             from (select name, row_number() over () as place from ({page}) named) page \
             join {table} kept on kept.{} = page.name order by page.place",
            self.key(),
            last.name,
        );
        let arguments = self.arguments(scope, filter)?;
        let lane = lanes.take().await?;
        let rows: Vec<(Vec<String>, String)> = lane
            .run(async |lane| {
                sqlx::query_as_with(AssertSqlSafe(statement), arguments)
                    .fetch_all(lane)
                    .await
            })
            .await?;
        let read = |(key, row): (Vec<String>, String)| {
            let record = from_row(&row)?;
            Ok(Listed { key, record })
        };
        rows.into_iter().map(read).collect()
    }

    /// Returns the identifiers of the records of a page, the values of the last column
    /// of the order, in list order.
    ///
    /// # Errors
    /// Returns an error if no connection is free, or the database's.
    pub async fn names<T>(
        &self,
        lanes: &Lanes,
        scope: &RecordScope,
        filter: &Filter,
    ) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres> + Send + Unpin,
        (T,): for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let Some(page) = self.page(scope, filter) else {
            return Ok(Vec::new());
        };
        let arguments = self.arguments(scope, filter)?;
        let lane = lanes.take().await?;
        lane.run(async |lane| {
            sqlx::query_scalar_with(AssertSqlSafe(page), arguments)
                .fetch_all(lane)
                .await
        })
        .await
    }

    /// Returns the arguments of [`Listing::page`], all of them in every statement, so
    /// that the numbers are the same in each.
    fn arguments(&self, scope: &RecordScope, filter: &Filter) -> Result<PgArguments, StoreError> {
        let mut arguments = PgArguments::default();
        let mut add = || {
            arguments.add(scope.area_from())?;
            arguments.add(scope.area_until())?;
            arguments.add(filter.parent)?;
            arguments.add(filter.on)?;
            arguments.add(filter.behind.as_ref())?;
            arguments.add(filter.limit)?;
            arguments.add(self.values(filter))?;
            arguments.add(scope.areas_around())
        };
        add().map_err(sqlx::Error::Encode)?;
        Ok(arguments)
    }

    /// Returns the sort values to read: the requested one, or all of them.
    fn values(&self, filter: &Filter) -> Vec<i16> {
        match (filter.state, self.sort) {
            (Some(value), _) => vec![value],
            (None, Some(sort)) => (sort.values)(),
            (None, None) => Vec::new(),
        }
    }

    /// Builds the statement that selects the identifiers of the records of a page, in
    /// list order, as `name`. Returns `None` if the list is empty for certain: the
    /// scope has no area, or the listing doesn't support a filter.
    fn page(&self, scope: &RecordScope, filter: &Filter) -> Option<String> {
        let code = scope.own_area()?;
        let fits = [
            filter.parent.is_none() || self.parent.is_some(),
            filter.on.is_none() || self.is_dated,
            filter.state.is_none() || self.sort.is_some(),
        ];
        if fits.contains(&false) {
            return None;
        }
        let holds = filter.on.map(|_| self.holds());
        let holds = holds.as_deref();
        let mut sources = Vec::new();
        let mut held = String::new();
        match (filter.parent.and(self.parent), holds) {
            (Some(parent), holds) => sources.push(self.first(filter, &self.with(parent), holds)),
            (None, None) => sources.push(self.first(filter, &place(code), None)),
            (None, Some(holds)) => {
                held = self.held();
                sources.push(self.few(holds));
                // Exactly one of the two sources returns rows: each condition on the
                // count is the same for all rows, so the other source is skipped as a
                // whole.
                let place = format!("not {FEW} and {}", place(code));
                sources.push(self.first(filter, &place, Some(holds)));
            }
        }
        // Areas around the scope, each by an equality that its index serves. Those
        // inside the scope have been covered already, and must not be listed twice.
        if self.is_shared && filter.parent.is_none() {
            sources.push(format!(
                "select {} from unnest($8) one (code) cross join lateral ({}) found \
                 where not (one.code >= $1 and one.code < $2)",
                self.columns("found"),
                self.first(filter, "kept.area_code = one.code", holds)
            ));
        }
        let name = self.order.last()?.name;
        let order = self.in_order("found");
        Some(format!(
            // Each source returns a few pages at most, so sorting them here is cheap.
            "{held}select unnest((array_agg(found.{name} order by {order}))[:$6::integer]) as name \
             from ({}) found",
            sources.join(" union all ")
        ))
    }

    /// Builds the query for the first records that meet the condition `place`, up to a
    /// page for each sort value.
    fn first(&self, filter: &Filter, place: &str, holds: Option<&str>) -> String {
        let holds = holds
            .map(|holds| format!(" and {holds}"))
            .unwrap_or_default();
        let first = |sorted: &str| {
            format!(
                "(select {} from {} kept where {place}{sorted}{holds} and {} order by {} limit $6)",
                self.columns("kept"),
                self.table,
                self.behind(),
                self.in_order("kept"),
            )
        };
        let Some(sort) = self.sort else {
            return first("");
        };
        // One subquery per value, so that each reads its own part of the index in
        // order; with `= any($7)` the rows would have to be sorted. The values are
        // literals, so the planner knows from its statistics how frequent each one is.
        let each = self.values(filter).into_iter();
        let each: Vec<_> = each
            .map(|value| first(&format!(" and kept.{} = {value}", sort.column)))
            .collect();
        format!("({})", each.join(" union all "))
    }

    /// Builds the CTE with the records that are in effect on the day, up to one more
    /// than [`FEW`] allows. It is limited, so that the check is cheap even if there are
    /// many.
    fn held(&self) -> String {
        format!(
            "with held as materialized (select {} from {} kept \
             where code_range(kept.area_code, kept.area_code, '[]') <@ code_range($1, $2) \
             and daterange(kept.start_date, kept.end_date) @> $4 limit $6 * 10 + 1) ",
            self.columns("kept"),
            self.table,
        )
    }

    /// Builds the query for all records that are in effect on the day, if they are few.
    /// The CTE has the columns of the order only; the other conditions are checked on
    /// the joined rows.
    fn few(&self, holds: &str) -> String {
        let names = self.order.iter().map(|column| column.name);
        let same: Vec<_> = names
            .map(|name| format!("kept.{name} = held.{name}"))
            .collect();
        let sorted = match self.sort {
            Some(sort) => format!(" and kept.{} = any($7)", sort.column),
            None => String::new(),
        };
        format!(
            "select {} from held join {} kept on {} where {FEW} and {holds}{sorted} and {}",
            self.columns("kept"),
            self.table,
            same.join(" and "),
            self.behind(),
        )
    }

    /// Builds the condition for the records of a parent.
    fn with(&self, parent: &str) -> String {
        let place = format!("{parent} = $3 and {WITHIN}");
        if self.lies_with_parent {
            // All records of the parent are in the same area, so one of them decides
            // for all: otherwise a large parent outside of the scope would be read to
            // the end to return nothing.
            let table = self.table;
            format!("{place} and (select {WITHIN} from {table} kept where {parent} = $3 limit 1)")
        } else {
            place
        }
    }

    /// Builds the condition for records that are in effect on the day.
    fn holds(&self) -> String {
        let days = "kept.start_date <= $4 and (kept.end_date is null or kept.end_date > $4)";
        match self.holds_while {
            Some(holds_while) => format!("{days} and {holds_while}"),
            None => days.to_owned(),
        }
    }

    fn columns(&self, row: &str) -> String {
        let names = self
            .order
            .iter()
            .map(|column| format!("{row}.{}", column.name));
        names.collect::<Vec<_>>().join(", ")
    }

    fn in_order(&self, row: &str) -> String {
        let direction = if self.is_ascending { "asc" } else { "desc" };
        let names = self.order.iter().map(|column| column.name);
        names
            .map(|name| format!("{row}.{name} {direction}"))
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// Builds the condition for records after the previous page.
    fn behind(&self) -> String {
        let last = self.order.iter().zip(1..);
        let last: Vec<_> = last
            .map(|(column, number)| format!("($5::text[])[{number}]::{}", column.sql_type))
            .collect();
        let is_behind = if self.is_ascending { ">" } else { "<" };
        let (columns, last) = (self.columns("kept"), last.join(", "));
        format!("($5::text[] is null or ({columns}) {is_behind} ({last}))")
    }
}

/// Builds the condition for records inside an area, in the form that the index on the
/// longest prefix serves.
fn place(code: &str) -> String {
    let fits = |length: &&usize| code.is_char_boundary(**length) && code.len() >= **length;
    match LENGTHS.iter().find(fits) {
        Some(length) => format!("left(kept.area_code, {length}) = left($1, {length}) and {WITHIN}"),
        None => WITHIN.to_owned(),
    }
}
