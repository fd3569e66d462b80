" Colours for aur. The language server adds what only the meaning tells.
if exists('b:current_syntax')
  finish
endif

" Bash inside of commands.
syntax include @aurShell syntax/sh.vim
unlet! b:current_syntax

syntax match aurField /\<\h\w*\ze\%(\.\h\w*\)*\s*=\%([^=]\|$\)/
syntax match aurField /\<\h\w*\ze\s*:/
syntax match aurType /\<\u\w*\>/
syntax match aurOperator /->\|\.\.\|==\|!=\|<=\|>=\|[-+*/%<>=|?]/
syntax match aurAnnotation /@\s*\h\w*/

syntax match aurKeyword /\.\@1<!\<\%(and\|else\|for\|if\|in\|not\|or\|where\)\>\%(\s*=\%([^=]\|$\)\)\@!/
syntax match aurInclude /\.\@1<!\<\%(as\|include\)\>\ze\s*[^[:blank:]=:.,)\]}]/
syntax match aurKeyword /\.\@1<!\<\%(check\|enum\|expect\|input\|struct\|test\|type\)\>\ze\s*[^[:blank:]=:.,)\]}]/
syntax match aurKeyword /\<expect\s\+\zs\%(error\|plan\)\>\ze\s\+[^[:blank:]=!<>]/
syntax match aurConstant /\.\@1<!\<\%(false\|true\|unset\)\>\%(\s*=\%([^=]\|$\)\)\@!/
syntax match aurFunction /\.\@1<!\<\%(combine\|concat\|env\|file\|file_hash\|java_options\|join\|keys\|len\|limit\|none_of\|order\|python_options\|ready\|matches\)\>\ze\s*(/
syntax match aurFunction /\.\zsbind\>\ze\s*(/
syntax match aurBuiltinType /\.\@1<!\<\%(Boolean\|Bytes\|Duration\|Float\|Integer\|List\|Map\|String\)\>/

syntax match aurNumber /\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d[0-9_]*\)\?\%(B\|KB\|MB\|GB\|TB\|KiB\|MiB\|GiB\|TiB\|ms\|s\|m\|h\|d\)\?\>/

syntax match aurEscape contained /\\\%([ntr0\\"']\|u{\x\{1,6}}\|$\)/
syntax region aurReference contained containedin=sh.* matchgroup=aurBraces start=/{{\s*[#^/&]\?\%(.*}}\)\@=/ end=/}}/ oneline contains=aurReference,aurFilter,aurRuntime,aurScope
syntax match aurFilter contained /|\s*\zs\%(basename\|json\|lower\|sh\|upper\|pad[2-9]\)\>/
syntax match aurRuntime contained /\<aur\.\%(hostname\|instance\|ports\|sandbox\|task_id\|user\)\>/
syntax match aurScope contained /\<\%(self\|super\)\ze\./

syntax region aurText start=/"/ skip=/\\\\\|\\"\|\\$/ end=/"\|$/ contains=aurEscape,aurReference
syntax region aurText start=/'/ skip=/\\\\\|\\'\|\\$/ end=/'\|$/ contains=aurEscape,aurReference
syntax region aurText start=/"""/ skip=/\\\\\|\\"/ end=/"""/ contains=aurEscape,aurReference
syntax region aurText start=/\<r"/ end=/"\|$/
syntax region aurText start=/\<r\z(#\+\)"/ end=/"\z1/

" What an open quote of bash would run past is kept in by keepend.
syntax region aurCommand matchgroup=aurText start=/\%(\<\%(cmdline\|command\|shell_command\)\s*=\s*\)\@<="""/ skip=/\\\\\|\\"/ end=/"""/ keepend contains=@aurShell,aurEscape,aurReference
syntax region aurCommand matchgroup=aurText start=/\%(\<\%(cmdline\|command\|shell_command\)\s*=\s*\)\@<="\%(""\)\@!/ skip=/\\\\\|\\"\|\\$/ end=/"\|$/ keepend contains=@aurShell,aurEscape,aurReference
syntax region aurCommand matchgroup=aurText start=/\%(\<\%(cmdline\|command\|shell_command\)\s*=\s*\)\@<='/ skip=/\\\\\|\\'\|\\$/ end=/'\|$/ keepend contains=@aurShell,aurEscape,aurReference

syntax match aurComment /#.*$/ contains=@Spell
syntax match aurDoc /^\s*\/\/\/.*$/ contains=@Spell

syntax sync minlines=200

highlight default link aurAnnotation PreProc
highlight default link aurBraces Special
highlight default link aurBuiltinType Type
highlight default link aurComment Comment
highlight default link aurConstant Constant
highlight default link aurDoc SpecialComment
highlight default link aurEscape SpecialChar
highlight default link aurField Identifier
highlight default link aurFilter Function
highlight default link aurFunction Function
highlight default link aurInclude Include
highlight default link aurKeyword Keyword
highlight default link aurNumber Number
highlight default link aurOperator Operator
highlight default link aurReference Special
highlight default link aurRuntime Special
highlight default link aurScope Special
highlight default link aurText String
highlight default link aurType Structure

" What the server adds, where the editor shows it.
if has('nvim-0.9')
  highlight default link @lsp.type.unit.aur aurNumber
  highlight default link @lsp.type.templateBrace.aur aurBraces
  highlight default link @lsp.type.templateSigil.aur aurBraces
  highlight default link @lsp.type.templateName.aur aurReference
  highlight default link @lsp.type.templatePart.aur aurReference
  highlight default link @lsp.type.templateFilter.aur aurFilter
  highlight default link @lsp.type.templateRuntime.aur aurRuntime
endif

let b:current_syntax = 'aur'
