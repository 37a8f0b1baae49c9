//! The operations of the admin API as commands: wherever they go, they are the same operations.

mod every_operation;
mod output;
mod remote;
mod socket;
mod stopped;
mod table;
mod world;
