mod cases;
mod kit;
mod limits;
mod model;
mod random;
mod scale;
mod shown;
mod walk;
