//! A database schema that is newer than the binary.

use tonic::Code;
use wangge_api::policy::policy;
use wangge_tests::{City, Service, World, plain::KINDS, raw};

/// Adds a NOT NULL column that the binary doesn't know to every table, as a future
/// release may, while statements are already prepared.
#[tokio::test(flavor = "multi_thread")]
async fn a_column_of_a_newer_release_keeps_its_default_and_disturbs_nobody() {
    let world = World::start().await;
    let city = City::build(&world).await;
    for service in Service::ALL {
        let pool = &world.databases.of(service).background;
        let tables = add_column(pool).await;
        assert!(tables > 10, "{service:?}: {tables}");
    }
    let later = city.again(&world).await;
    for kind in KINDS {
        let id = later.plain(kind.kind);
        let get = kind.path("Get").expect("a method");
        let service = Service::of(get)[0];
        for (path, body) in [(get, kind.get(id)), (kind.list(), Vec::new())] {
            let role = policy(path).expect("a policy").roles[0];
            let token = world.token(role, Some(""), None);
            let answer = raw::settle(&world.bare(service), Some(&token), path, &body).await;
            assert_eq!(answer.code(), Code::Ok, "{path}: {:?}", answer.status);
        }

        let pool = &world.databases.of(service).background;
        let kept = format!("select of_a_newer_release from {} where id = $1", kind.kind);
        let kept: String = sqlx::query_scalar(sqlx::AssertSqlSafe(kept))
            .bind(id.parse::<uuid::Uuid>().expect("an id"))
            .fetch_one(pool)
            .await
            .expect("the record");
        assert_eq!(kept, "default", "{}", kind.kind);
    }
}

async fn add_column(pool: &sqlx::PgPool) -> usize {
    let tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class where relkind = 'r' \
             and relnamespace = 'public'::regnamespace and relname <> '_sqlx_migrations'",
    )
    .fetch_all(pool)
    .await
    .expect("the tables");
    for table in &tables {
        let add = format!(
            "alter table {table} add column of_a_newer_release text not null default 'default'"
        );
        sqlx::query(sqlx::AssertSqlSafe(add))
            .execute(pool)
            .await
            .expect("a column");
    }
    tables.len()
}
