autocmd BufRead,BufNewFile *.aur setfiletype aur
