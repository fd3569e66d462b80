-- The language server of aur and its commands, for Neovim 0.7 and newer.
--
--   require('aur').setup()
--   require('aur').setup({ cmd = { '/opt/bin/aurc', 'lsp' }, on_attach = function(client, buffer) end })

local M = {}

--- The nearest folder above a file that holds one of the names, or the folder of the file.
local function root_of(file)
  local folder = vim.fn.fnamemodify(file, ':p:h')
  for _, name in ipairs({ 'aur.toml', '.git' }) do
    local found = vim.fn.finddir(name, folder .. ';')
    if found == '' then
      found = vim.fn.findfile(name, folder .. ';')
    end
    if found ~= '' then
      return vim.fn.fnamemodify(found, ':p:s?/$??:h')
    end
  end
  return folder
end

--- Runs a program in a window of its own, without a shell.
local function in_terminal(words)
  vim.cmd('botright new')
  if vim.fn.has('nvim-0.11') == 1 then
    vim.fn.jobstart(words, { term = true })
  else
    vim.fn.termopen(words)
  end
end

--- The words of a command for the job of a code lens: `{ uri, key }`.
local function words_of(program, verb, arguments)
  local words = { program, verb, vim.uri_to_fname(arguments[1]) }
  if type(arguments[2]) == 'string' then
    table.insert(words, arguments[2])
  end
  return words
end

--- Shows what the server makes of a program: `{ uri, key }`.
local function show_resolved(arguments, client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  local params = { command = 'aur.resolved', arguments = { arguments[1], arguments[2] or vim.NIL } }
  local function show(err, answer)
    if err or type(answer) ~= 'string' then
      vim.notify(err and err.message or 'The program has errors, or no such job.', vim.log.levels.WARN)
      return
    end
    vim.cmd('vertical new')
    vim.api.nvim_buf_set_lines(0, 0, -1, false, vim.split(answer, '\n'))
    vim.bo.buftype, vim.bo.bufhidden, vim.bo.filetype = 'nofile', 'wipe', 'json'
    vim.bo.modifiable = false
  end
  if vim.fn.has('nvim-0.11') == 1 then
    client:request('workspace/executeCommand', params, show)
  else
    client.request('workspace/executeCommand', params, show)
  end
end

local function start(options, buffer)
  local file = vim.api.nvim_buf_get_name(buffer)
  if vim.fn.executable(options.cmd[1]) == 0 then
    local message = 'aur: there is no program %s: cargo install --path compiler/cli in a checkout of aur, or setup({ cmd = .. })'
    vim.notify_once(message:format(options.cmd[1]), vim.log.levels.ERROR)
    return
  end
  local root = root_of(file)
  M.clients = M.clients or {}
  local id = M.clients[root]
  if not (id and vim.lsp.get_client_by_id(id)) then
    id = vim.lsp.start_client({
      name = 'aur',
      cmd = options.cmd,
      root_dir = root,
      workspace_folders = { { uri = vim.uri_from_fname(root), name = root } },
      on_attach = options.on_attach,
      on_exit = function()
        M.clients[root] = nil
      end,
    })
    M.clients[root] = id
  end
  if id then
    vim.lsp.buf_attach_client(buffer, id)
  end
end

--- Starts the server for every program that is opened. Options: `cmd`, `on_attach`.
function M.setup(options)
  options = vim.tbl_extend('force', { cmd = { 'aurc', 'lsp' } }, options or {})
  vim.lsp.commands['aur.run'] = function(command)
    in_terminal(words_of('aur', 'run', command.arguments))
  end
  vim.lsp.commands['aur.inspect'] = function(command)
    in_terminal(words_of(options.cmd[1], 'inspect', command.arguments))
  end
  vim.lsp.commands['aur.showResolved'] = function(command, context)
    show_resolved(command.arguments, context.client_id)
  end
  if vim.lsp.config then
    vim.lsp.config('aur', { cmd = options.cmd, on_attach = options.on_attach })
    vim.lsp.enable('aur')
    return
  end
  vim.api.nvim_create_autocmd('FileType', {
    group = vim.api.nvim_create_augroup('aur', {}),
    pattern = 'aur',
    callback = function(event)
      start(options, event.buf)
    end,
  })
end

return M
