// The packer expects a class that node 18 has, but does not offer to everybody.
globalThis.File ??= require("node:buffer").File;
