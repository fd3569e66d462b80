-- nvim --clean --headless --cmd 'set rtp^=editors/neovim' -c 'luafile editors/neovim/tests/syntax.lua', from the root of the repository.

local failed = 0
local function same(what, found, wanted)
  if found ~= wanted then
    failed = failed + 1
    io.stderr:write(('%s: %s, not %s\n'):format(what, found, wanted))
  end
end

vim.cmd('filetype plugin on')
vim.cmd('syntax enable')

--- Opens a program and asks what each marked word is: `line` is Lua pattern to find, then the group of its first letter.
local function check(lines, wanted)
  local file = vim.fn.tempname() .. '.aur'
  vim.fn.writefile(lines, file)
  vim.cmd('edit ' .. file)
  same('type of file', vim.bo.filetype, 'aur')
  for _, pair in ipairs(wanted) do
    local row, word, group = pair[1], pair[2], pair[3]
    local column = lines[row]:find(word, 1, true)
    local id = vim.fn.synID(row, column, 1)
    local name = vim.fn.synIDattr(id, 'name')
    if group == 'sh' then
      same(word, name:sub(1, 2), 'sh')
    else
      same(word, name, group)
    end
  end
  vim.cmd('bwipeout!')
end

check({
  '/// About.',
  'include "a.aur" as b # note',
  'struct Size { cpu: Float = 0.5 }',
  'x = Y { input = true, type = unset, n = 10MB }.bind(i = len([]))',
  'input user: String where matches(r"[a-z]+") = env("USER")',
  "z = [a -> b for a in few if not c] # it's",
}, {
  { 1, 'About', 'aurDoc' },
  { 2, 'include', 'aurInclude' },
  { 2, 'a.aur', 'aurText' },
  { 2, 'as b', 'aurInclude' },
  { 2, 'note', 'aurComment' },
  { 3, 'struct', 'aurKeyword' },
  { 3, 'Size', 'aurType' },
  { 3, 'cpu', 'aurField' },
  { 3, 'Float', 'aurBuiltinType' },
  { 3, '0.5', 'aurNumber' },
  { 4, 'x', 'aurField' },
  { 4, 'input', 'aurField' },
  { 4, 'true', 'aurConstant' },
  { 4, 'type', 'aurField' },
  { 4, 'unset', 'aurConstant' },
  { 4, 'MB', 'aurNumber' },
  { 4, 'bind', 'aurFunction' },
  { 4, 'len', 'aurFunction' },
  { 5, 'input', 'aurKeyword' },
  { 5, 'matches', 'aurFunction' },
  { 5, '[a-z]', 'aurText' },
  { 5, 'env', 'aurFunction' },
  { 6, '->', 'aurOperator' },
  { 6, 'for', 'aurKeyword' },
  { 6, "it's", 'aurComment' },
})

check({
  [[a = "x \n {{b | sh}} {{aur.task_id}}"]],
  'p = Process {',
  [[  cmdline = "if true; then echo 'never closed {{c}}"]],
  '  name = "if"',
  '  command = """',
  '    for f in *; do echo "never closed',
  '  """',
  '  raw = r#"a "b" \\"# ',
  '}',
  'cut = "off',
  'next = 1',
}, {
  { 1, 'x', 'aurText' },
  { 1, [[\n]], 'aurEscape' },
  { 1, '{{', 'aurBraces' },
  { 1, 'b |', 'aurReference' },
  { 1, 'sh}}', 'aurFilter' },
  { 1, 'aur.task_id', 'aurRuntime' },
  { 3, 'cmdline', 'aurField' },
  { 3, 'if', 'sh' },
  { 3, '{{', 'aurBraces' },
  { 4, 'name', 'aurField' },
  { 4, '"if"', 'aurText' },
  { 6, 'for', 'sh' },
  { 8, 'raw', 'aurField' },
  { 8, 'b', 'aurText' },
  { 11, 'next', 'aurField' },
})

same('indent', vim.bo.shiftwidth >= 0, true)
if failed > 0 then
  vim.cmd('cquit')
end
print('syntax of neovim: ok\n')
vim.cmd('qall!')
