//! Stores categories and the duty list.

use sqlx::PgPool;
use uuid::Uuid;
use wangge_auth::RecordScope;
use wangge_pg::{Lanes, StoreError, Tx};
use wangge_record_store::{Filter, Listing, listing::Column};

use crate::domain::category::{Category, Limit, LimitKind, Responsibility};

/// List order and sharing of the duty list.
const DUTY_LIST: Listing = Listing {
    order: &[
        Column {
            name: "category_code",
            sql_type: "text",
        },
        Column {
            name: "area_code",
            sql_type: "text",
        },
        Column {
            name: "id",
            sql_type: "uuid",
        },
    ],
    is_ascending: true,
    is_shared: true,
    ..Listing::of("responsibility")
};

/// Increments the version of the reference data, so that replicas rebuild their
/// snapshots.
///
/// # Errors
/// Returns any database error.
pub async fn reference_changed(tx: &mut Tx) -> Result<(), StoreError> {
    // The row stays locked until the transaction ends, so changes are committed in
    // version order.
    sqlx::query!("update reference_version set version = version + 1")
        .execute(tx)
        .await?;
    Ok(())
}

/// Inserts a category.
///
/// # Errors
/// Returns any database error.
pub async fn insert_category(tx: &mut Tx, category: &Category) -> Result<(), StoreError> {
    sqlx::query!(
        "with added as ( \
             insert into category (id, code, name, limit_kind, limit_amount, revision) \
             values ($1, $2, $3, $4, $5, $8) returning id \
         ) \
         insert into reference_time (record_id, created_time, changed_time) \
         select id, $6, $7 from added",
        category.id,
        category.code,
        category.name,
        category.limit.kind.code(),
        category.limit.amount,
        category.created_time,
        category.changed_time,
        category.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Loads a category by its id.
///
/// # Errors
/// Returns any database error.
pub async fn load_category(tx: &mut Tx, id: Uuid) -> Result<Option<Category>, StoreError> {
    let row = sqlx::query!(
        "select id, code, name, limit_kind, limit_amount, (select created_time from reference_time where record_id = category.id), \
         (select changed_time from reference_time where record_id = category.id), revision \
         from category where id = $1",
        id
    );
    Ok(row.fetch_optional(tx).await?.map(|row| Category {
        id: row.id,
        code: row.code,
        name: row.name,
        limit: limit(row.limit_kind, row.limit_amount),
        created_time: row.created_time,
        changed_time: row.changed_time,
        revision: row.revision,
    }))
}

/// Returns a page of categories, sorted by code, after the code `after`.
///
/// # Errors
/// Returns any database error.
pub async fn list_categories(
    pool: &PgPool,
    after: &str,
    limit_rows: i64,
) -> Result<Vec<Category>, StoreError> {
    let rows = sqlx::query!(
        "select id, code, name, limit_kind, limit_amount, (select created_time from reference_time where record_id = category.id), \
         (select changed_time from reference_time where record_id = category.id), revision \
         from category where code > $1 order by code limit $2",
        after,
        limit_rows
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Category {
            id: row.id,
            code: row.code,
            name: row.name,
            limit: limit(row.limit_kind, row.limit_amount),
            created_time: row.created_time,
            changed_time: row.changed_time,
            revision: row.revision,
        })
        .collect())
}

/// Inserts an entry of the duty list.
///
/// # Errors
/// Returns any database error.
pub async fn insert_responsibility(tx: &mut Tx, entry: &Responsibility) -> Result<(), StoreError> {
    sqlx::query!(
        "with added as ( \
             insert into responsibility (id, category_code, area_code, unit_id, revision) \
             values ($1, $2, $3, $4, $7) returning id \
         ) \
         insert into reference_time (record_id, created_time, changed_time) \
         select id, $5, $6 from added",
        entry.id,
        entry.category_code,
        entry.area_code,
        entry.unit_id,
        entry.created_time,
        entry.changed_time,
        entry.revision,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Loads an entry of the duty list by its id.
///
/// # Errors
/// Returns any database error.
pub async fn load_responsibility(
    tx: &mut Tx,
    id: Uuid,
    scope: &RecordScope,
) -> Result<Option<Responsibility>, StoreError> {
    Ok(sqlx::query_as!(
        Responsibility,
        "select id, category_code, area_code, unit_id, (select created_time from reference_time where record_id = responsibility.id), \
         (select changed_time from reference_time where record_id = responsibility.id), revision \
         from responsibility where id = $1 and area_code >= $2 and area_code < $3",
        id,
        scope.area_from(),
        scope.area_until(),
    )
    .fetch_optional(tx)
    .await?)
}

/// Returns a page of the duty list, sorted by category and area, after the pair
/// `after`.
///
/// # Errors
/// Returns any database error.
pub async fn list_responsibilities(
    lanes: &Lanes,
    scope: &RecordScope,
    after: &(String, String),
    limit: i64,
) -> Result<Vec<Responsibility>, StoreError> {
    // The pair is unique, so the greatest id skips exactly its entry.
    let behind = vec![after.0.clone(), after.1.clone(), Uuid::max().to_string()];
    let filter = Filter {
        behind: Some(behind),
        limit,
        ..Filter::default()
    };
    let ids: Vec<Uuid> = DUTY_LIST.names(lanes, scope, &filter).await?;
    let lane = lanes.take().await?;
    let mut entries = lane
        .run(async |lane| {
            sqlx::query_as!(
                Responsibility,
                "select id, category_code, area_code, unit_id, (select created_time from reference_time where record_id = responsibility.id), \
         (select changed_time from reference_time where record_id = responsibility.id), revision \
         from responsibility where id = any($1)",
                &ids,
            )
            .fetch_all(lane)
            .await
        })
        .await?;
    // `any($1)` returns the entries in no particular order.
    entries.sort_unstable_by(|one, other| {
        (&one.category_code, &one.area_code).cmp(&(&other.category_code, &other.area_code))
    });
    Ok(entries)
}

pub(super) fn limit(kind: i16, amount: i32) -> Limit {
    // The column contains codes of the enum only.
    Limit {
        kind: LimitKind::from_code(kind).unwrap_or(LimitKind::ContinuousHours),
        amount,
    }
}

/// Inserts a category unless its id or code exists. Returns true if it was inserted.
///
/// # Errors
/// Returns any database error.
pub async fn import_category(tx: &mut Tx, category: &Category) -> Result<bool, StoreError> {
    // A unique violation would abort the transaction, and with it the other rows of
    // the import.
    Ok(sqlx::query!(
        "with added as ( \
             insert into category (id, code, name, limit_kind, limit_amount, revision) \
             values ($1, $2, $3, $4, $5, $8) on conflict do nothing returning id \
         ) \
         insert into reference_time (record_id, created_time, changed_time) \
         select id, $6, $7 from added",
        category.id,
        category.code,
        category.name,
        category.limit.kind.code(),
        category.limit.amount,
        category.created_time,
        category.changed_time,
        category.revision,
    )
    .execute(tx)
    .await?
    .rows_affected()
        == 1)
}

/// Inserts an entry of the duty list unless its id, or its category and area, exist.
/// Returns true if it was inserted.
///
/// # Errors
/// Returns any database error.
pub async fn import_responsibility(
    tx: &mut Tx,
    entry: &Responsibility,
) -> Result<bool, StoreError> {
    Ok(sqlx::query!(
        "with added as ( \
             insert into responsibility (id, category_code, area_code, unit_id, revision) \
             values ($1, $2, $3, $4, $7) on conflict do nothing returning id \
         ) \
         insert into reference_time (record_id, created_time, changed_time) \
         select id, $5, $6 from added",
        entry.id,
        entry.category_code,
        entry.area_code,
        entry.unit_id,
        entry.created_time,
        entry.changed_time,
        entry.revision,
    )
    .execute(tx)
    .await?
    .rows_affected()
        == 1)
}
