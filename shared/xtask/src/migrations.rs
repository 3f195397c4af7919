//! Checks that migrations can run while the previous release serves. That release inserts
//! NULL into columns that it doesn't know, reads those that it does know, and blocks on
//! every lock. Migrations older than these rules are exempt by name.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::{
    sources::SERVICES,
    sql::{Statement, bodies, statements},
};

/// Migrations that are older than the rules.
const OLD: &[&str] = &[
    "0001_requests_and_outbox.sql",
    "20261123000001_organization.sql",
    "20261123000001_reporting.sql",
    "20261123000001_tickets.sql",
    "20261123000001_volunteers.sql",
    "20261123000002_community_work.sql",
    "20261123000002_facts.sql",
    "20261123000002_residents.sql",
    "20261123000002_volunteers_and_stations.sql",
    "20261123000003_service.sql",
    "20261123000003_states.sql",
    "20261126000001_reporters_and_gaps.sql",
    "20261126000001_states_inlined.sql",
];

/// Tables, after their service, whose every column is read by prepared statements of release
/// 0.1.0: an additional column makes these statements fail.
const READ_WHOLE: &[&str] = &[
    "reporting.published_figure",
    "tickets.area_copy",
    "tickets.category",
    "tickets.responsibility",
    "tickets.unit_copy",
];

/// The service whose tables are written only by feed consumers, never by calls; consumers
/// may be blocked for a while.
const PROJECTIONS: &str = "reporting";

/// The first line that makes sqlx run a migration outside of a transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

/// Checks the migrations of every service and the shared ones.
pub(crate) fn check(root: &Path, broken: &mut Vec<String>) -> Result<()> {
    let services = SERVICES.map(|service| (service, root.join("services").join(service)));
    let crates = services.into_iter().chain([("", root.join("shared/pg"))]);
    for (service, krate) in crates {
        let folder = krate.join("migrations");
        let mut files = Vec::new();
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            files.push(entry?.path());
        }
        files.sort();
        for file in files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            if OLD.contains(&name.as_ref()) {
                continue;
            }
            let path = file.strip_prefix(root)?.display();
            let sql = fs::read_to_string(&file).with_context(|| path.to_string())?;
            let found = faults(&sql, service).into_iter();
            broken.extend(found.map(|fault| format!("{path}: {fault}")));
        }
    }
    Ok(())
}

/// Returns the violations of a migration of a service.
fn faults(sql: &str, service: &str) -> Vec<String> {
    let all = statements(sql);
    let mut faults = Vec::new();
    let no_transaction = sql.starts_with(NO_TRANSACTION);
    let can_be_repeated = |statement: &Statement| {
        statement.has("index concurrently if not exists")
            || statement.has("index concurrently if exists")
    };
    // Without a transaction, a failed run leaves the statements before the failure in
    // effect, so each must be idempotent.
    if no_transaction && all.len() != 1 && !all.iter().all(can_be_repeated) {
        faults.push(format!(
            "{} statements: a file without a transaction has one, or each creates or drops an \
             index and can be repeated after a failed run (`if not exists`, `if exists`)",
            all.len()
        ));
    }
    // The rules protect tables with traffic; a table created by the same file has none
    // yet.
    let made: Vec<&str> = all
        .iter()
        .filter_map(|one| one.word_after("create table"))
        .collect();
    let writers_may_wait = |statement: &Statement| {
        service == PROJECTIONS
            && statement.begins("lock table")
            && statement.has("in share row exclusive mode")
    };
    for statement in all.iter().filter(|one| !writers_may_wait(one)) {
        check_statement(statement, service, (&made, no_transaction), &mut faults);
    }
    if all.iter().any(|one| one.begins("do")) {
        check_blocks(&bodies(sql), no_transaction, &mut faults);
    }
    faults
}

fn check_statement(
    statement: &Statement,
    service: &str,
    (made, no_transaction): (&[&str], bool),
    faults: &mut Vec<String>,
) {
    let mut fault = |what: &str| faults.push(what.to_owned());
    let is_new = |table: Option<&str>| table.is_some_and(|table| made.contains(&table));
    if statement.has("index concurrently") {
        if !no_transaction {
            fault("`concurrently` needs a file of its own that begins with `-- no-transaction`");
        }
    } else if statement.begins("create index") || statement.begins("create unique index") {
        if !is_new(statement.word_after("on")) {
            fault("an index on an existing table is created `concurrently`");
        }
    } else if statement.begins("drop") {
        fault("the previous release still uses what is dropped");
    } else if no_transaction && !statement.begins("do") {
        fault("needs no `-- no-transaction`, and would be left half done");
    }
    let writes = [
        ("update", "update"),
        ("delete", "delete from"),
        ("truncate", "truncate"),
    ];
    for (verb, words) in writes {
        let is_written = statement.begins(verb)
            || statement.begins("with") && statement.has(words) && !statement.has("for update");
        if is_written && !is_new(statement.word_after(words)) {
            fault("rows are changed in batches, in a `do` block that commits after each");
        }
    }
    let locks = [
        "lock table",
        "vacuum full",
        "cluster",
        "reindex",
        "alter type",
        "alter domain",
    ];
    if locks.iter().any(|words| statement.begins(words)) {
        fault("locks a table, or rewrites it, while others wait");
    }
    if statement.has("rename") && statement.begins("alter") {
        fault("the previous release still uses what is renamed");
    }
    if statement.begins("alter table") && !is_new(statement.word_after("alter table")) {
        check_alter(statement, service, faults);
    }
}

/// Checks each clause of an `alter table` on an existing table.
fn check_alter(statement: &Statement, service: &str, faults: &mut Vec<String>) {
    let table = statement.word_after("alter table").unwrap_or_default();
    let is_read_whole = READ_WHOLE.contains(&format!("{service}.{table}").as_str());
    for part in statement.parts() {
        let mut fault = |what: &str| faults.push(format!("{table}: {what}"));
        // Dropping a constraint is compatible, unless the previous release names it. It
        // does name primary keys: `on conflict on constraint … do update`.
        let guard_goes = part.has("drop constraint")
            && !part
                .word_after("drop constraint")
                .is_some_and(|name| name.ends_with("_pkey"));
        if part.has("drop") && !guard_goes {
            fault(
                "the previous release still uses what is dropped, including `not null` and \
                 defaults",
            );
        }
        if part.has("set not null") || part.has("add column") && part.has("not null") {
            fault("the previous release writes NULL into columns that it doesn't know");
        }
        if part.has("type") && part.has("alter column") || part.has("set data type") {
            fault("another type rewrites the table, and changes what the previous release reads");
        }
        if part.has("add column") {
            if is_read_whole {
                fault("release 0.1.0 reads every column of it: add another table instead");
            }
            if ["unique", "primary key", "references"]
                .iter()
                .any(|words| part.has(words))
            {
                fault("a column is added without constraints; they come later, not valid at first");
            }
            // A constant default, and `now()`, is stored once in the catalogue; a
            // volatile one is computed per row.
            let computed = part.has("generated")
                || part
                    .word_after("default")
                    .is_some_and(|default| part.has(&format!("{default} (")) && default != "now");
            if computed {
                fault("a default that is computed for each row rewrites the table");
            }
        }
        let constraint =
            part.has("add constraint") || part.has("add check") || part.has("add foreign key");
        if constraint && (part.has("check") || part.has("foreign key")) && !part.has("not valid") {
            fault("a constraint is added `not valid`, and validated by a later file");
        }
        let makes_index = ["unique (", "primary key (", "exclude"]
            .iter()
            .any(|words| part.has(words));
        if makes_index && (constraint || part.has("add unique") || part.has("add primary")) {
            fault("an index is created `concurrently`; a constraint then adopts it `using index`");
        }
    }
}

/// Checks that PL/pgSQL blocks change rows in batches, with a commit after each.
fn check_blocks(body: &[Statement], no_transaction: bool, faults: &mut Vec<String>) {
    let has = |words: &str| body.iter().any(|statement| statement.has(words));
    let writes = has("update") || has("delete");
    if writes && !(no_transaction && has("limit") && has("commit")) {
        faults.push(
            "a block changes rows in batches (`limit`), commits after each, and runs with \
             `-- no-transaction`"
                .to_owned(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(sql: &str, because: &str) {
        let found = faults(sql, "tickets");
        assert!(
            found.iter().any(|fault| fault.contains(because)),
            "{sql}: {found:?}"
        );
    }

    fn taken(sql: &str) {
        assert_eq!(faults(sql, "tickets"), Vec::<String>::new(), "{sql}");
    }

    #[test]
    fn indexes_on_tables_that_are_there_are_made_concurrently() {
        refused("create index a_b on a (b);", "concurrently");
        refused("create unique index a_b on a (b);", "concurrently");
        refused("create index concurrently a_b on a (b);", "file of its own");
        taken("-- no-transaction\ncreate index concurrently if not exists a_b on a (b);");
        taken("create table a (b int); create index a_b on a (b);");
    }

    #[test]
    fn without_a_transaction_a_failed_run_can_be_repeated() {
        let two = "-- no-transaction\ncreate index concurrently a_b on a (b);\n\
                   create index concurrently a_c on a (c);";
        refused(two, "2 statements");
        taken(
            "-- no-transaction\ncreate index concurrently if not exists a_b on a (b);\n\
             drop index concurrently if exists a_c;",
        );
        refused("-- no-transaction\ncreate table a (b int);", "half done");
        taken("-- no-transaction\n-- Why.\ncreate index concurrently a_b on a (b);");
    }

    #[test]
    fn rows_are_changed_in_batches() {
        refused("update a set b = 1;", "batches");
        refused("delete from a where b = 1;", "batches");
        refused("truncate a;", "batches");
        refused(
            "with old as (select b from c) update a set b = 1 from old;",
            "batches",
        );
        refused("do $$ begin update a set b = 1; end $$;", "batches");
        taken(
            "-- no-transaction\ndo $$ begin loop\n update a set b = 1 where id in \
             (select id from a where b is null limit 1000);\n exit when not found; commit;\n \
             end loop; end $$;",
        );
        taken("create table a (b int); update a set b = 1;");
        taken("create trigger a_b before update on a for each row execute function c();");
    }

    #[test]
    fn columns_take_null_without_a_rewrite() {
        refused("alter table a add column b text not null;", "NULL");
        refused(
            "alter table a add column b text not null default '';",
            "NULL",
        );
        refused(
            "alter table a add column c int, add column b int not null;",
            "NULL",
        );
        refused(
            "alter table a add column b uuid default gen_random_uuid();",
            "rewrites",
        );
        refused(
            "alter table a add column b int generated always as (c + 1) stored;",
            "rewrites",
        );
        refused(
            "alter table a add column b int references c;",
            "constraints",
        );
        refused("alter table a alter column b set not null;", "NULL");
        refused("alter table category add column b text;", "0.1.0");
        taken("alter table a add column b text;");
        taken(
            "alter table a add column b text default 'not yet', add column c timestamptz default now();",
        );
        taken("create table a (b int); alter table a add column c int not null;");
    }

    #[test]
    fn nothing_goes_or_gets_another_name_or_type() {
        refused("drop table a;", "dropped");
        refused("drop index a_b;", "dropped");
        refused("alter table a drop column b;", "dropped");
        refused("alter table a drop constraint a_pkey;", "dropped");
        taken("alter table a drop constraint a_b_unique;");
        refused("alter table a alter column b drop not null;", "dropped");
        refused("alter table a rename column b to c;", "renamed");
        refused("alter index a_b rename to a_c;", "renamed");
        refused("alter table a alter column b type bigint;", "type");
        refused("alter type mood add value 'ok';", "locks");
        taken("-- no-transaction\ndrop index concurrently if exists a_b;");
    }

    #[test]
    fn constraints_on_tables_that_are_there_are_not_valid_at_first() {
        refused(
            "alter table a add constraint a_b check (b > 0);",
            "not valid",
        );
        refused(
            "alter table a add constraint a_b foreign key (b) references c;",
            "not valid",
        );
        refused(
            "alter table a add constraint a_b unique (b);",
            "using index",
        );
        refused(
            "alter table a add constraint a_b exclude using gist (b with &&);",
            "using index",
        );
        taken("alter table a add constraint a_b check (b > 0) not valid;");
        taken("alter table a validate constraint a_b;");
        taken("alter table a add constraint a_b unique using index a_b;");
        taken("create table a (b int); alter table a add constraint a_b check (b > 0);");
    }

    #[test]
    fn what_locks_for_long_is_refused() {
        refused("lock table a;", "locks");
        refused("lock table a in share row exclusive mode;", "locks");
        let writers = "lock table a in share row exclusive mode;";
        assert_eq!(faults(writers, PROJECTIONS), Vec::<String>::new());
        assert_eq!(faults("lock table a;", PROJECTIONS).len(), 1);
        refused("vacuum full a;", "locks");
        refused("reindex table a;", "locks");
        taken("create table b (c int constraint b_c references a);");
    }
}
