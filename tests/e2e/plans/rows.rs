//! Fills tables with hundreds of thousands of rows, copied from the one row that the city
//! has in each. Columns that lists don't read have the same value in all copies, and the
//! constraints that this violates are dropped.

use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

/// Number of rows per table.
const ROWS: u32 = 200_000;

/// A district that half of the rows belong to.
pub(super) const DISTRICT: &str = "990102";
/// A street of the district.
pub(super) const STREET: &str = "990102004";
/// A community of another street of the district.
pub(super) const COMMUNITY: &str = "990102002007";
/// A grid with five rows.
pub(super) const SMALL_GRID: &str = "990102001001009";
/// A district without rows.
pub(super) const UNKNOWN: &str = "990103";
/// A community with rows, but with none of those that belong to [`MANY`].
pub(super) const ELSEWHERE: &str = "990101003004";

/// The record that an eighth of the rows belong to. These rows are in [`COMMUNITY`].
pub(super) const MANY: Uuid = Uuid::from_u128(0xa1);
/// The record that four of the rows belong to, in [`COMMUNITY`] as well.
pub(super) const FEW: Uuid = Uuid::from_u128(0xa2);

/// Selects the tables that lists read, with their columns.
const TABLES: &str = "\
    select relname::text, array_agg(attname::text order by attnum) \
    from pg_attribute join pg_class on pg_class.oid = attrelid \
    where relkind = 'r' and relnamespace = 'public'::regnamespace and attnum > 0 \
        and not attisdropped \
        and (relname in ('area', 'unit', 'registration', 'check_in_visit', 'category', 'responsibility', \
            'ticket') \
            or exists (select from pg_attribute other where other.attrelid = pg_class.oid \
                and other.attname = 'entry')) \
    group by relname";

/// Selects the constraints that copies could violate, except for the keys that lists are
/// ordered by.
const CONSTRAINTS: &str = "\
    select format('alter table %s drop constraint %I cascade', conrelid::regclass, conname) \
    from pg_constraint \
    where connamespace = 'public'::regnamespace and conrelid <> 0 \
        and (contype in ('f', 'x', 'c') \
            or contype = 'u' and conname !~ '(_entry|_code|_category_area)(_key|_unique)$') \
    order by contype <> 'f' \
    ";

/// Selects the indexes that don't belong to constraints, as statements that drop and
/// recreate them. None of them needs to be unique here.
const INDEXES: &str = "\
    select format('drop index %s', indexrelid::regclass), \
        replace(pg_get_indexdef(indexrelid), 'CREATE UNIQUE', 'CREATE') \
    from pg_index join pg_class on pg_class.oid = indrelid \
    where relnamespace = 'public'::regnamespace and relname = $1 \
        and not exists (select from pg_constraint where conindid = indexrelid)";

/// Fills every table that a list reads.
pub(super) async fn fill(pool: &PgPool) {
    let constraints: Vec<String> = all(pool, CONSTRAINTS).await;
    for statement in constraints {
        run(pool, statement).await;
    }
    let tables: Vec<(String, Vec<String>)> = sqlx::query_as(TABLES)
        .fetch_all(pool)
        .await
        .expect("the tables");
    for (table, columns) in tables {
        fill_table(pool, &table, &columns).await;
    }
}

async fn fill_table(pool: &PgPool, table: &str, columns: &[String]) {
    let indexes: Vec<(String, String)> = sqlx::query_as(INDEXES)
        .bind(table)
        .fetch_all(pool)
        .await
        .expect("the indexes");
    for (drop, _) in &indexes {
        run(pool, drop.clone()).await;
    }
    run(pool, format!("alter table {table} set unlogged")).await;
    let parent = parent(table);
    let values: Vec<String> = columns
        .iter()
        .map(|column| value(table, column, parent).unwrap_or_else(|| format!("kept.{column}")))
        .collect();
    run(
        pool,
        format!(
            "insert into {table} ({}) overriding system value select {} \
             from (select * from {table} limit 1) kept, generate_series(1, {ROWS}) n",
            columns.join(", "),
            values.join(", "),
        ),
    )
    .await;
    for (_, make) in indexes {
        run(pool, make).await;
    }
    if table == "ticket" {
        fill_orders(pool).await;
    }
    run(pool, format!("vacuum analyze {table}")).await;
}

/// Gives an eighth of the tickets an order of one unit, and three tickets one of another.
async fn fill_orders(pool: &PgPool) {
    for (unit, those) in [(MANY, "n % 8 = 1"), (FEW, "n in (70001, 70011, 70021)")] {
        run(
            pool,
            format!(
                "insert into ticket_order (id, ticket_id, place, unit_id, role, state, issued_time, result) \
                 select gen_random_uuid(), id, 2, '{unit}', 2, case when n % 40 = 1 then 6 else 5 end, \
                     reported_time, '' \
                 from (select id, reported_time, row_number() over (order by id) n from ticket) t \
                 where {those}"
            ),
        )
        .await;
    }
    run(pool, "vacuum analyze ticket_order".to_owned()).await;
    run(pool, "vacuum analyze ticket_holding".to_owned()).await;
}

/// Returns the column that a list filters by to find what belongs to a record.
fn parent(table: &str) -> Option<&'static str> {
    Some(match table {
        "building" => "estate_id",
        "household" => "building_id",
        "resident" => "household_id",
        "need_tag" | "resident_role" => "resident_id",
        "group_message" => "chat_group_id",
        "assignment" => "deliberation_id",
        "team_member" => "team_id",
        "post_holder" => "service_post_id",
        "shift" => "service_event_id",
        "training" => "volunteer_id",
        "need_match" => "need_id",
        "project_claim" | "beneficiary" => "project_id",
        "booking" => "recurring_session_id",
        "route_venue" => "venue_route_id",
        "functional_area" | "catalogue_item" | "subsidy_entry" | "recurring_session"
        | "delivery" | "service_record" | "station_visit" | "agency_case" | "station_duty" => {
            "station_id"
        }
        _ => return None,
    })
}

/// Returns the SQL for a column's value in row `n`; none if it is copied.
fn value(table: &str, column: &str, parent: Option<&str>) -> Option<String> {
    let code = "'99010' || (1 + n % 2) || lpad((1 + n % 5)::text, 3, '0') \
                || lpad((1 + n % 11)::text, 3, '0') || lpad((1 + n % 7)::text, 3, '0')";
    // An estate has a few hundred buildings, spread over many areas.
    let many = if table == "building" {
        "n % 400 = 1"
    } else {
        "n % 8 = 1"
    };
    let belongs = format!("{many} or n % 50000 = 3");
    Some(match column {
        "registration_id" if table == "check_in_visit" => return None,
        "id" | "registration_id" | "check_in_visit_id" => {
            "('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid".to_owned()
        }
        "entry" => "100000 + n".to_owned(),
        "code" if table == "area" => format!("{code} || lpad(n::text, 6, '0')"),
        "code" => "'U' || lpad(n::text, 6, '0')".to_owned(),
        "category_code" if table == "responsibility" => "'C' || lpad(n::text, 6, '0')".to_owned(),
        "area_code" => {
            let belongs = if parent.is_some() { &belongs } else { "false" };
            format!(
                "case when {belongs} then '{COMMUNITY}' \
                     when n % 40000 = 17 then '{SMALL_GRID}' else {code} end"
            )
        }
        column if Some(column) == parent => format!(
            "case when n % 50000 = 3 then '{FEW}'::uuid when {many} then '{MANY}' \
                 else gen_random_uuid() end"
        ),
        "state" if table == "check_in_visit" => {
            "case when n % 50000 = 7 then 2 else 1 end".to_owned()
        }
        "state" | "post" => {
            "case when n % 50000 = 7 then 1 when n % 100 = 1 then 2 else 3 end".to_owned()
        }
        "kind" if table == "unit" || table == "area" => {
            "case when n % 50000 = 7 then 1 when n % 100 = 1 then 2 else 4 end".to_owned()
        }
        "routed" => "n % 1000 <> 3".to_owned(),
        // Most ended by 2020; five hold today.
        "start_date" => "date '2005-01-01' + n / 100".to_owned(),
        "end_date" => "case when n % 40000 = 9 then null else date '2020-01-01' end".to_owned(),
        "visit_time" | "reported_time" => {
            "timestamptz '2015-01-01' + n * interval '1 minute'".to_owned()
        }
        _ => return None,
    })
}

async fn all(pool: &PgPool, statement: &'static str) -> Vec<String> {
    sqlx::query_scalar(statement)
        .fetch_all(pool)
        .await
        .expect("an answer")
}

async fn run(pool: &PgPool, statement: String) {
    let done = sqlx::query(AssertSqlSafe(statement.clone())).execute(pool);
    if let Err(error) = done.await {
        panic!("{statement}: {error}");
    }
}
