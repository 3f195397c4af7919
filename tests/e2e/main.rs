//! The whole platform: who may do what, the way from a community's files to
//! its figures, and what happens when things break.

mod authorisation;
