mod cases;
mod kit;
mod model;
mod random;
mod scale;
mod shown;
mod walk;
