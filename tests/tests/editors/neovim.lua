-- Drives the language server from Neovim, one JSON line for each step on the error output.
--
-- The working folder holds the programs; AURC is the server. Whatever fails ends the editor with an exit
-- code that is not 0, and a line that says why.

local LONGEST = 60000
local exited

local function say(step, fields)
  fields.step = step
  io.stderr:write(vim.fn.json_encode(fields) .. '\n')
end

local function place(position)
  return ('%d:%d'):format(position.line + 1, position.character + 1)
end

local function range(of)
  return place(of.start) .. '-' .. place(of['end'])
end

local function file_of(uri)
  return vim.fn.fnamemodify(vim.uri_to_fname(uri), ':.')
end

local function wait(what, holds)
  if not vim.wait(LONGEST, holds, 20) then
    error('nothing came of: ' .. what)
  end
end

local function client()
  return vim.lsp.get_active_clients()[1]
end

local function open(file)
  vim.cmd('edit ' .. file)
  return vim.api.nvim_get_current_buf()
end

local function lines(buffer)
  return vim.api.nvim_buf_get_lines(buffer, 0, -1, false)
end

--- Where a text begins or ends in a buffer, as the protocol counts.
local function find(buffer, text, side)
  for row, line in ipairs(lines(buffer)) do
    local first, last = line:find(text, 1, true)
    if first then
      local column = side == 'end' and last or first - 1
      return { line = row - 1, character = vim.str_utfindex(line, column) }
    end
  end
  error('there is no ' .. text)
end

local function ask(buffer, method, params)
  params.textDocument = { uri = vim.uri_from_bufnr(buffer) }
  local answers, err = vim.lsp.buf_request_sync(buffer, method, params, LONGEST)
  if not answers then
    error(method .. ': ' .. tostring(err))
  end
  for _, answer in pairs(answers) do
    if answer.err then
      error(method .. ': ' .. answer.err.message)
    end
    return answer.result
  end
  error(method .. ': no answer')
end

local function found(buffer)
  local all = {}
  for _, one in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(all, ('%d:%d %s %s'):format(one.lnum + 1, one.col + 1, one.code or '-', one.message))
  end
  table.sort(all)
  return all
end

local function places(answer)
  local all = {}
  answer = answer or {}
  if answer.uri or answer.targetUri then
    answer = { answer }
  end
  for _, one in ipairs(answer) do
    local uri, where = one.uri or one.targetUri, one.range or one.targetSelectionRange
    table.insert(all, file_of(uri) .. ' ' .. range(where))
  end
  table.sort(all)
  return all
end

local function text_of(markup)
  return type(markup) == 'table' and (markup.value or vim.tbl_map(text_of, markup)) or markup
end

local function encoding()
  return client().offset_encoding
end

local steps = {}

function steps.diagnostics(main)
  wait('diagnostics', function()
    return #vim.diagnostic.get(main) > 0
  end)
  say('diagnostics', { found = found(main) })
end

function steps.completion(main)
  local half = open('half.aur')
  local position = find(half, 'max_', 'end')
  local answer = ask(half, 'textDocument/completion', { position = position })
  local labels = {}
  for _, item in ipairs(answer.items or answer) do
    if vim.startswith(item.label, 'max_') then
      table.insert(labels, item.label)
    end
  end
  table.sort(labels)
  say('completion', { labels = labels })
  vim.cmd('buffer ' .. main)
end

function steps.hover(main)
  local answer = ask(main, 'textDocument/hover', { position = find(main, 'reliable {') })
  say('hover', { text = text_of(answer.contents) })
end

function steps.definition(main)
  local answer = ask(main, 'textDocument/definition', { position = find(main, 'reliable {') })
  say('definition', { places = places(answer) })
end

function steps.references(main)
  local params = { position = find(main, 'reliable {'), context = { includeDeclaration = true } }
  say('references', { places = places(ask(main, 'textDocument/references', params)) })
end

function steps.code_action(main)
  local one = vim.diagnostic.get(main)[1]
  local context = { diagnostics = { one.user_data.lsp } }
  local whole = {
    start = { line = one.lnum, character = one.col },
    ['end'] = { line = one.end_lnum, character = one.end_col },
  }
  -- The place is that of the diagnostic as the server wrote it.
  context.diagnostics[1] = {
    range = whole,
    message = one.message,
    code = one.code,
    source = one.source,
    severity = one.severity,
  }
  local actions = ask(main, 'textDocument/codeAction', { range = whole, context = context })
  local titles, chosen = {}, nil
  for _, action in ipairs(actions) do
    table.insert(titles, action.title)
    chosen = chosen or action
  end
  if not chosen.edit then
    chosen = client().request_sync('codeAction/resolve', chosen, LONGEST, main).result
  end
  vim.lsp.util.apply_workspace_edit(chosen.edit, encoding())
  wait('diagnostics that go away', function()
    return #vim.diagnostic.get(main) == 0
  end)
  say('code action', { titles = titles, line = lines(main)[7], left = found(main) })
end

function steps.edit(main)
  local row = find(main, 'name = "hello"').line
  vim.api.nvim_buf_set_lines(main, row, row + 1, false, { '  name = "hello" + 1' })
  wait('diagnostics of an edit', function()
    return #vim.diagnostic.get(main) > 0
  end)
  say('edit', { found = found(main) })
  vim.api.nvim_buf_set_lines(main, row, row + 1, false, { '  name = "hello"' })
  wait('diagnostics that go away', function()
    return #vim.diagnostic.get(main) == 0
  end)
  say('edit back', { found = found(main) })
end

function steps.formatting(main)
  local row = find(main, 'name = "hello"').line
  vim.api.nvim_buf_set_lines(main, row, row + 1, false, { 'name="hello"   ' })
  local options = { tabSize = 2, insertSpaces = true }
  local edits = ask(main, 'textDocument/formatting', { options = options })
  vim.lsp.util.apply_text_edits(edits, main, encoding())
  say('formatting', { line = lines(main)[row + 1], lines = #lines(main) })
end

function steps.rename(main)
  local params = { position = find(main, 'reliable {'), newName = 'patient' }
  local edit = ask(main, 'textDocument/rename', params)
  vim.lsp.util.apply_workspace_edit(edit, encoding())
  vim.cmd('silent wall')
  wait('a text without errors', function()
    return #vim.diagnostic.get(main) == 0
  end)
  say('rename', {
    main = vim.fn.readfile('main.aur')[4],
    common = vim.fn.readfile('lib/common.aur')[2],
    left = found(main),
  })
end

local function run()
  vim.opt.swapfile = false
  local main = open('main.aur')
  local id = vim.lsp.start_client({
    name = 'aur',
    cmd = { vim.env.AURC, 'lsp' },
    root_dir = vim.fn.getcwd(),
    workspace_folders = { { uri = vim.uri_from_fname(vim.fn.getcwd()), name = 'work' } },
    on_exit = function(code, signal)
      exited = { code = code, signal = signal }
    end,
  })
  vim.lsp.buf_attach_client(main, id)
  vim.api.nvim_create_autocmd('BufRead', {
    pattern = '*.aur',
    callback = function(event)
      vim.lsp.buf_attach_client(event.buf, id)
    end,
  })
  wait('initialize', function()
    return client() and client().initialized
  end)
  for _, name in ipairs(vim.split(vim.env.STEPS, ' ')) do
    steps[name](main)
  end
  vim.lsp.stop_client(id)
  wait('the end of the server', function()
    return exited ~= nil
  end)
  say('exit', { code = exited.code, signal = exited.signal })
end

local ok, fault = xpcall(run, debug.traceback)
if not ok then
  say('fault', { message = tostring(fault) })
  vim.cmd('cquit')
end
vim.cmd('qall!')
