//! What a task runs in, and what is passed on to others as it is.

use aur_diagnostics::{Diagnostic, codes};
use aur_ir as ir;

use super::Lowering;
use super::place::Placed;

impl<'p> Lowering<'_, 'p> {
    pub(super) fn container(&mut self, job: &Placed<'p>) -> Option<ir::Container> {
        self.within(job, "container", |this, container| {
            match container.inner.decl.name.as_str() {
                "Docker" => Some(this.below("docker", |this| this.docker(container))),
                "Mesos" => Some(this.below("mesos", |this| ir::Container::Mesos {
                    image: this.within(container, "image", Self::image),
                    volumes: this.each(container, "volumes", Self::volume),
                })),
                _ => this.within(container, "docker", Self::docker),
            }
        })
        .flatten()
    }

    fn docker(&mut self, placed: &Placed<'p>) -> ir::Container {
        ir::Container::Docker {
            image: self.text(placed, "image", None),
            parameters: self.each(placed, "parameters", |this, parameter| ir::DockerParameter {
                name: this.text(parameter, "name", None),
                value: this.text(parameter, "value", None),
            }),
        }
    }

    fn image(&mut self, placed: &Placed<'p>) -> ir::MesosImage {
        if placed.inner.decl.name == "AppcImage" {
            self.below("appc", |this| ir::MesosImage::Appc {
                image_id: this.text(placed, "image_id", None),
                name: this.text(placed, "name", None),
            })
        } else {
            self.below("docker", |this| ir::MesosImage::Docker {
                name: this.text(placed, "name", None),
                tag: this.text(placed, "tag", None),
            })
        }
    }

    fn volume(&mut self, placed: &Placed<'p>) -> ir::Volume {
        ir::Volume {
            container_path: self.text(placed, "container_path", None),
            host_path: self.text(placed, "host_path", None),
            mode: match self.member(placed, "mode").as_deref() {
                Some("RW") => ir::VolumeMode::Rw,
                _ => ir::VolumeMode::Ro,
            },
        }
    }

    pub(super) fn executor_config(&mut self, job: &Placed<'p>) -> Option<ir::ExecutorConfig> {
        self.within(job, "executor_config", |this, config| ir::ExecutorConfig {
            data: this.text(config, "data", None),
            name: this.text(config, "name", None),
        })
    }

    pub(super) fn metadata(&mut self, job: &Placed<'p>) -> Vec<ir::Metadata> {
        if !self.is_given(job, "metadata") {
            return Vec::new();
        }
        self.each(job, "metadata", |this, item| ir::Metadata {
            key: this.text(item, "key", None),
            value: this.text(item, "value", None),
        })
    }

    pub(super) fn hooks(&mut self, list: &crate::value::Value<'p>) -> Vec<ir::Hook> {
        let root = self.compiler.root_env();
        self.judge = crate::resolve::Judge::Job(list.span);
        let mut hooks = Vec::new();
        for (value, env) in super::elements(list, &root) {
            let Some(placed) = self.place(&value, &env) else {
                continue;
            };
            let step = format!("hooks/{}", hooks.len());
            let hook = self.below(&step, |this| {
                this.require(&placed);
                this.hook(&placed)
            });
            hooks.push(hook);
        }
        hooks
    }

    fn hook(&mut self, placed: &Placed<'p>) -> ir::Hook {
        let hook = ir::Hook {
            name: self.text(placed, "name", None),
            on: self.texts(placed, "on"),
            run: self.texts(placed, "run"),
        };
        for (field, is_empty, example) in [
            ("on", hook.on.is_empty(), "on = [\"pre_create_job\"]"),
            ("run", hook.run.is_empty(), "run = [\"./confirm.sh\"]"),
        ] {
            if is_empty && self.is_empty_list(placed, field) {
                let span = self.place_of(placed, field);
                let message = format!("`{field}` of this hook is empty");
                self.error(
                    Diagnostic::new(&codes::out_of_range, span, message).help(format!("write `{example}`")),
                );
            }
        }
        hook
    }
}
