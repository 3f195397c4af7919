//! Lists of records by area. A page reads about what it returns, however many
//! records there are: each shape of list has an index that holds its records in
//! order.
//!
//! Area codes are prefixes of the codes within them, so a list of an area is
//! served by the longest of [`LENGTHS`] that the area's code has; these are those
//! of districts, streets, communities and grids. What lies within that prefix and
//! not in the area is passed over. For every state that is asked for, the first
//! few are taken from the index and put together; no state means all of them.
//! Lanes for lists are planned as if pages of tables cost nothing: what counts is
//! how many rows a plan looks at.
//!
//! Of the records that hold on a day there may be few in an area where many have
//! ended. So it is looked first whether they are few: then all of them are taken,
//! by an index of areas and days. Otherwise they are met soon, and are read in
//! order.

use sqlx::{Arguments as _, AssertSqlSafe, postgres::PgArguments};
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError};

use wangge_resource::Record;

use crate::{Filter, Listed, table::from_row};

/// Lengths of codes by which records are indexed, the longest first.
const LENGTHS: [usize; 4] = [15, 12, 9, 6];

/// What is true of what lies in the area.
const WITHIN: &str = "kept.area_code >= $1 and kept.area_code < $2";

/// Whether what holds on the day is few: at most ten pages, of which one more is
/// among [`Listing::held`].
const FEW: &str = "(select count(*) <= $6 * 10 from held)";

/// How the records of a table are listed. Names are those of the table and its
/// columns.
#[derive(Debug, Clone, Copy)]
pub struct Listing {
    /// The table; its rows have an `area_code`. Where they are dated, its database
    /// has a type `code_range`, of codes in their order.
    pub table: &'static str,
    /// By what records are in order. The last one names a record.
    pub order: &'static [Column],
    /// Whether what is least comes first.
    pub is_ascending: bool,
    /// What holds the record to which one belongs, if they belong to some.
    pub parent: Option<&'static str>,
    /// Whether a record lies where the one lies to which it belongs.
    pub lies_with_parent: bool,
    /// What sorts records, if something does: their states.
    pub sort: Option<Sort>,
    /// Whether a record holds from a `start_date` to an `end_date`.
    pub is_dated: bool,
    /// What else must be true of a record, named `kept`, for it to hold on day $4. It
    /// asks for one row at a time, by its key: `coalesce((select …), true)`, since
    /// what can be joined is read whole.
    pub holds_while: Option<&'static str>,
    /// Whether who may read a record in the areas around their own does.
    pub is_shared: bool,
}

/// A column by which records are in order.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub sql_type: &'static str,
}

/// What sorts records.
#[derive(Debug, Clone, Copy)]
pub struct Sort {
    /// The column.
    pub column: &'static str,
    /// All values that it can have.
    pub values: fn() -> Vec<i16>,
}

impl Listing {
    /// Records of a table in the order of their entry, the one entered last first,
    /// that belong to nothing and have neither days nor states.
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

    /// The records of a list, in its order.
    ///
    /// # Errors
    /// What the database says.
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
        let statement = format!(
            "select kept.entry, row_to_json(kept)::text from ({page}) page \
             join {table} kept on kept.entry = page.name"
        );
        let arguments = self.arguments(scope, filter)?;
        let lane = lanes.take().await?;
        let mut rows: Vec<(i64, String)> = lane
            .run(async |lane| {
                sqlx::query_as_with(AssertSqlSafe(statement), arguments)
                    .fetch_all(lane)
                    .await
            })
            .await?;
        rows.sort_unstable_by_key(|(entry, _)| std::cmp::Reverse(*entry));
        let read = |(entry, row): (i64, String)| {
            let record = from_row(&row)?;
            Ok(Listed { entry, record })
        };
        rows.into_iter().map(read).collect()
    }

    /// What names the records of a list: the last column of its order.
    ///
    /// # Errors
    /// What the database says.
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

    /// What [`Listing::page`] names by number.
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

    /// The values by which records are sorted that are asked for.
    fn values(&self, filter: &Filter) -> Vec<i16> {
        match (filter.state, self.sort) {
            (Some(value), _) => vec![value],
            (None, Some(sort)) => (sort.values)(),
            (None, None) => Vec::new(),
        }
    }

    /// A statement that has the `name` of each record of a list, in order. None
    /// where nothing can be in the list.
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
                let place = format!("not {FEW} and {}", place(code));
                sources.push(self.first(filter, &place, Some(holds)));
            }
        }
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
            "{held}select unnest((array_agg(found.{name} order by {order}))[:$6::integer]) as name \
             from ({}) found",
            sources.join(" union all ")
        ))
    }

    /// The first few records of a place.
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
        // Named one by one, since how many there are of each is known.
        let each = self.values(filter).into_iter();
        let each: Vec<_> = each
            .map(|value| first(&format!(" and kept.{} = {value}", sort.column)))
            .collect();
        format!("({})", each.join(" union all "))
    }

    /// Some of what holds on the day, and no more than it takes to know that they
    /// are not [`FEW`].
    fn held(&self) -> String {
        format!(
            "with held as materialized (select {} from {} kept \
             where code_range(kept.area_code, kept.area_code, '[]') <@ code_range($1, $2) \
             and daterange(kept.start_date, kept.end_date) @> $4 limit $6 * 10 + 1) ",
            self.columns("kept"),
            self.table,
        )
    }

    /// All of what holds on the day, if these are few.
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

    /// What is true of what belongs to a record.
    fn with(&self, parent: &str) -> String {
        let place = format!("{parent} = $3 and {WITHIN}");
        if self.lies_with_parent {
            // Where one lies, all of them do.
            let table = self.table;
            format!("{place} and (select {WITHIN} from {table} kept where {parent} = $3 limit 1)")
        } else {
            place
        }
    }

    /// What is true of what holds on the day.
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

    /// What is true of what comes behind the last page.
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

/// What is true of what lies in an area, by the longest prefix that has an index.
fn place(code: &str) -> String {
    let fits = |length: &&usize| code.is_char_boundary(**length) && code.len() >= **length;
    match LENGTHS.iter().find(fits) {
        Some(length) => format!("left(kept.area_code, {length}) = left($1, {length}) and {WITHIN}"),
        None => WITHIN.to_owned(),
    }
}
