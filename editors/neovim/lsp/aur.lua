-- Neovim 0.11 and newer: `vim.lsp.enable('aur')`.
return {
  cmd = { 'aurc', 'lsp' },
  filetypes = { 'aur' },
  root_markers = { 'aur.toml', '.git' },
}
