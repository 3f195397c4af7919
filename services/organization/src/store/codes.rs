//! Decoding of the domain's ids and enums from columns.

use sqlx::{
    Decode, Postgres, Type,
    error::BoxDynError,
    postgres::{PgTypeInfo, PgValueRef},
};
use uuid::Uuid;

use crate::domain::{
    address::AddressId,
    appointment::{AppointmentId, Post},
    area::{AreaId, AreaKind},
    figure::{FigureBound, FigureId, FigurePeriod},
    person::PersonId,
    unit::{UnitId, UnitKind},
};

macro_rules! ids {
    ($($id:ty),*) => {$(
        impl Type<Postgres> for $id {
            fn type_info() -> PgTypeInfo {
                <Uuid as Type<Postgres>>::type_info()
            }
        }

        impl<'r> Decode<'r, Postgres> for $id {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(Self(<Uuid as Decode<Postgres>>::decode(value)?))
            }
        }
    )*};
}
ids!(AddressId, AppointmentId, AreaId, FigureId, PersonId, UnitId);

macro_rules! codes {
    ($($code:ty),*) => {$(
        impl Type<Postgres> for $code {
            fn type_info() -> PgTypeInfo {
                <i16 as Type<Postgres>>::type_info()
            }
        }

        impl<'r> Decode<'r, Postgres> for $code {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                let code = <i16 as Decode<Postgres>>::decode(value)?;
                Self::from_code(i32::from(code))
                    .ok_or_else(|| format!("{} has no value {code}", stringify!($code)).into())
            }
        }
    )*};
}
codes!(AreaKind, FigureBound, FigurePeriod, Post, UnitKind);
