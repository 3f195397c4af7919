//! The rules of tickets and community work: state machines, guards and deadlines. Pure
//! functions: no database, no network, no clock of their own.

pub mod act;
pub mod area;
pub mod assignment;
pub mod category;
pub mod chat_group;
pub mod clock;
pub mod deliberation;
pub mod denied;
pub mod duty_shift;
pub mod field_note;
pub mod field_visit;
pub mod group_message;
pub mod livelihood_item;
pub mod livelihood_matter;
pub mod meeting;
pub mod order;
pub mod order_state;
pub mod past;
pub mod patrol;
pub mod report;
pub mod ticket;
pub mod ticket_state;
