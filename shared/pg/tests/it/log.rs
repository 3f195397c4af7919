//! PostgreSQL's log reports errors without any content of the rows.

use std::path::Path;

use crate::{execute, pool};

const SECRET: &str = "富强新村17幢3单元";

#[tokio::test]
async fn a_row_that_breaks_a_rule_is_not_in_the_log() {
    let pool = pool(1).await;
    execute(
        &pool,
        "create table report (id int primary key, address text not null, \
         title text not null constraint report_title_short check (length(title) < 3))",
    )
    .await;
    let insert = "insert into report (id, address, title) values (1, $1, $2)";
    for (title, code) in [("垃圾堆放", "23514"), ("垃圾", ""), ("垃圾", "23505")] {
        let inserted = sqlx::query(insert).bind(SECRET).bind(title).execute(&pool);
        let error = inserted.await.err();
        let said = error.and_then(|error| error.into_database_error());
        assert_eq!(
            said.and_then(|said| said.code().map(String::from))
                .unwrap_or_default(),
            code
        );
    }
    let text: String = sqlx::query_scalar("select pg_read_file('server.log')")
        .fetch_one(&pool)
        .await
        .expect("the log of a server of ours");
    assert!(text.contains("report_title_short"), "{text}");
    assert!(text.contains("report_pkey"), "{text}");
    assert!(!text.contains(SECRET), "{text}");
    assert!(!text.contains("DETAIL"), "{text}");
}

#[test]
fn what_is_shipped_is_set_to_keep_no_row_content_either() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    for file in ["compose.yaml", "stack.yaml"] {
        let text = std::fs::read_to_string(deploy.join(file)).expect(file);
        for setting in [
            "log_error_verbosity=terse",
            "log_parameter_max_length=0",
            "log_parameter_max_length_on_error=0",
        ] {
            assert!(text.contains(setting), "{file} lacks {setting}");
        }
    }
}
