;;; aur-mode.el --- Major mode for aur programs -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0
;; Version: 0.1.0
;; Package-Requires: ((emacs "27.1"))
;; Keywords: languages

;;; Commentary:

;; Colours, comments, indentation and the language server for `.aur' files:
;;
;;   (require 'aur-mode)
;;   (add-hook 'aur-mode-hook #'eglot-ensure)

;;; Code:

(require 'subr-x)

(defgroup aur nil
  "Programs of jobs, tasks and processes."
  :group 'languages)

(defcustom aur-compiler "aurc"
  "The program `aurc', which is also the language server."
  :type 'string)

(defcustom aur-runner "aur"
  "The program `aur', which runs jobs."
  :type 'string)

(defcustom aur-indent-offset 2
  "Columns of one level."
  :type 'natnum
  :safe #'natnump)

(defconst aur-keywords
  '("and" "as" "check" "else" "enum" "error" "expect" "for" "if" "in" "include" "input" "not" "or"
    "plan" "struct" "test" "type" "where")
  "Words of the grammar.")

(defconst aur-constants '("false" "true" "unset")
  "Words that are values.")

(defconst aur-functions
  '("combine" "concat" "env" "file" "file_hash" "java_options" "join" "keys" "len" "limit" "none_of"
    "order" "python_options" "ready")
  "Functions.")

(defconst aur-methods '("bind" "matches")
  "What is called on a value, or in the rule of a type.")

(defconst aur-types
  '("Boolean" "Bytes" "Duration" "Float" "Integer" "List" "Map" "String")
  "Types that nothing declares.")

(defconst aur-units
  '("B" "KB" "MB" "GB" "TB" "KiB" "MiB" "GiB" "TiB" "ms" "s" "m" "h" "d")
  "What may stand behind a number.")

(defconst aur-filters
  '("basename" "json" "lower" "sh" "upper" "pad2" "pad3" "pad4" "pad5" "pad6" "pad7" "pad8" "pad9")
  "Filters of a reference.")

(defconst aur-runtime-names '("hostname" "instance" "ports" "sandbox" "task_id" "user")
  "What `aur.' leads to in a reference.")

(defconst aur-scopes '("self" "super")
  "What leads a reference to the structs around it.")

;; Any word may be the name of a field, so words are told from names by what stands behind them.
(defconst aur--not-a-field "\\(?:[ \t]*\\(?:==\\|[^ \t=:.]\\)\\|[ \t]*$\\)"
  "What stands behind a word that is no name of a field.")

(defun aur--in-text-p ()
  "Return non-nil where point is in a text."
  (nth 3 (syntax-ppss)))

(defun aur--match-in-text (regexp limit)
  "Find REGEXP before LIMIT, in texts only."
  (let (found)
    (while (and (not found) (re-search-forward regexp limit t))
      (setq found (save-match-data (save-excursion (goto-char (match-beginning 0)) (aur--in-text-p)))))
    found))

(defconst aur-font-lock-keywords
  `((,(rx-to-string `(seq symbol-start (group (or ,@aur-functions)) symbol-end (* blank) "("))
     1 font-lock-builtin-face)
    (,(rx-to-string `(seq (or "." symbol-start) (group (or ,@aur-methods)) symbol-end (* blank) "("))
     1 font-lock-builtin-face)
    ("\\_<\\(?:struct\\|enum\\|type\\)\\_>[ \t]+\\([[:alpha:]_][[:word:]_]*\\)" 1 font-lock-type-face)
    ("\\_<input\\_>[ \t]+\\([[:alpha:]_][[:word:]_]*\\)" 1 font-lock-variable-name-face)
    (,(concat "\\(?:^\\|[^.[:word:]_]\\)\\(" (regexp-opt aur-keywords) "\\)\\_>" aur--not-a-field)
     1 font-lock-keyword-face)
    (,(concat "\\(?:^\\|[^.[:word:]_]\\)\\(" (regexp-opt aur-constants) "\\)\\_>")
     1 font-lock-constant-face)
    (,(regexp-opt aur-types 'symbols) . font-lock-type-face)
    (,(concat "\\_<[0-9][0-9_]*\\(?:\\.[0-9][0-9_]*\\)?\\(?:[eE][+-]?[0-9]+\\)?\\("
              (regexp-opt aur-units) "\\)\\_>")
     1 font-lock-type-face)
    ("\\_<[[:upper:]][[:word:]_]*\\_>" . font-lock-type-face)
    ("@[ \t]*[[:alpha:]_][[:word:]_]*" . font-lock-preprocessor-face)
    ("\\_<\\([[:alpha:]_][[:word:]_]*\\)\\_>\\(?:\\.[[:word:]_]+\\)*[ \t]*\\(?:=\\(?:[^=]\\|$\\)\\|:\\)"
     1 font-lock-variable-name-face)
    ;; References in texts.
    (,(lambda (limit) (aur--match-in-text "{{[^{}\n]*}}" limit)) 0 font-lock-variable-name-face prepend)
    (,(lambda (limit)
        (aur--match-in-text (concat "|[ \t]*\\(" (regexp-opt aur-filters) "\\)\\_>") limit))
     1 font-lock-builtin-face prepend)
    (,(lambda (limit)
        (aur--match-in-text
         (concat "\\_<\\(aur\\.\\(?:" (regexp-opt aur-runtime-names) "\\)\\)\\_>") limit))
     1 font-lock-constant-face prepend)
    (,(lambda (limit)
        (aur--match-in-text (concat "\\({{[ \t]*\\)\\(" (regexp-opt aur-scopes) "\\)\\.") limit))
     2 font-lock-keyword-face prepend))
  "What is coloured.")

(defvar aur-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\' "\"" table)
    (modify-syntax-entry ?_ "_" table)
    (modify-syntax-entry ?/ "." table)
    table)
  "Syntax of aur.")

(defconst aur--marks
  (concat "\\(?1:#\\)"
          "\\|^[ \t]*\\(?2:/\\)//"
          "\\|\\_<r\\(?3:#*\\)\\(?4:\"\\)"
          "\\|\\(?5:\"\\)\"\""
          "\\|\\(?6:[\"']\\)")
  "Where a comment or a text begins.")

(defun aur--syntax-propertize (start end)
  "Mark doc comments and the ends of texts between START and END."
  (goto-char start)
  (let ((opening (nth 8 (syntax-ppss))))
    (when opening
      ;; A text that began earlier is read again from its beginning.
      (goto-char opening)
      (skip-chars-backward "#")
      (when (eq (char-before) ?r)
        (backward-char))))
  (while (and (< (point) end) (re-search-forward aur--marks end t))
    (cond
     ((match-beginning 1) (end-of-line))
     ((match-beginning 2)
      (aur--mark (match-beginning 2) "<")
      (end-of-line))
     ((match-beginning 4) (aur--raw (match-beginning 3) (match-beginning 4)))
     ((match-beginning 5) (aur--block (match-beginning 5)))
     (t (aur--plain (match-beginning 6))))))

(defun aur--mark (place syntax)
  "Give the character at PLACE the SYNTAX."
  (put-text-property place (1+ place) 'syntax-table (string-to-syntax syntax)))

(defun aur--fence (opening closing)
  "Make a text from OPENING to CLOSING, or to the end of the buffer."
  (aur--mark opening "|")
  (if (not closing)
      (goto-char (point-max))
    (when (< closing (point-max))
      (aur--mark closing "|"))
    (goto-char (min (point-max) (1+ closing)))))

(defun aur--raw (opening quote)
  "Mark the raw text that has its hashes from OPENING to its QUOTE."
  (goto-char (1+ quote))
  (aur--fence opening
              (if (= opening quote)
                  (progn (skip-chars-forward "^\"\n") (point))
                (when (search-forward (concat "\"" (make-string (- quote opening) ?#)) nil t)
                  (1- (point)))))
  ;; A backslash means nothing in it.
  (save-excursion
    (while (search-backward "\\" quote t)
      (aur--mark (point) "."))))

(defun aur--block (opening)
  "Mark the block whose first quote is at OPENING."
  (goto-char (+ opening 3))
  (aur--fence opening
              (when (re-search-forward "\\=\\(?:[^\"\\]\\|\\\\\\(?:.\\|\n\\)\\|\"\"?[^\"\\]\\|\"\"?\\\\\\(?:.\\|\n\\)\\)*\"\"\"" nil t)
                (1- (point)))))

(defun aur--plain (opening)
  "Go behind the text at OPENING; where its line cuts it off, it ends."
  (goto-char (1+ opening))
  (let ((others (if (eq (char-after opening) ?\") "^\"\\\\\n" "^'\\\\\n")))
    (skip-chars-forward others)
    (while (and (eq (char-after) ?\\) (not (eobp)))
      (forward-char (min 2 (- (point-max) (point))))
      (skip-chars-forward others)))
  (if (eq (char-after) (char-after opening))
      (forward-char)
    (aur--fence opening (point))))

(defun aur--text-above ()
  "Return the column of the text that ends right before this line, if one does."
  (save-excursion
    (back-to-indentation)
    (when (looking-at "[\"']\\|r#*\"")
      (forward-comment (- (buffer-size)))
      (when (and (memq (char-before) '(?\" ?\' ?#)) (nth 3 (save-excursion (syntax-ppss (1- (point))))))
        (goto-char (nth 8 (syntax-ppss (1- (point)))))
        (skip-chars-backward "#")
        (when (eq (char-before) ?r)
          (backward-char))
        (current-column)))))

(defun aur--depth ()
  "Return in how many brackets the line is; those of one line count once."
  (let ((lines (mapcar #'line-number-at-pos (nth 9 (syntax-ppss (line-beginning-position))))))
    (save-excursion
      (back-to-indentation)
      (when (looking-at "[])}]")
        (let ((open (nth 1 (syntax-ppss))))
          (when open
            (setq lines (delete (line-number-at-pos open) lines))))))
    (length (delete-dups lines))))

(defun aur-indent-line ()
  "Indent the line by the brackets around it; lines of blocks stay."
  (interactive)
  (unless (nth 3 (save-excursion (syntax-ppss (line-beginning-position))))
    (let ((column (or (aur--text-above) (* aur-indent-offset (aur--depth))))
          (offset (- (current-column) (current-indentation))))
      (indent-line-to column)
      (when (> offset 0)
        (forward-char offset)))))

(defun aur--in-compilation (program verb)
  "Save the buffer, ask for a job, and call PROGRAM with VERB for them."
  (unless buffer-file-name
    (user-error "Save the program first"))
  (save-buffer)
  (let ((job (read-string "Job (empty if there is one only): ")))
    (compile (mapconcat #'shell-quote-argument
                        (append (list program verb buffer-file-name)
                                (unless (string-empty-p job) (list job)))
                        " "))))

(defun aur-run ()
  "Run a job of this program."
  (interactive)
  (aur--in-compilation aur-runner "run"))

(defun aur-inspect ()
  "Show a job of this program as it will run."
  (interactive)
  (aur--in-compilation aur-compiler "inspect"))

(defvar aur-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'aur-run)
    (define-key map (kbd "C-c C-i") #'aur-inspect)
    map)
  "Keys of aur.")

;;;###autoload
(define-derived-mode aur-mode prog-mode "aur"
  "Major mode for aur programs."
  (setq-local comment-start "# ")
  (setq-local comment-end "")
  (setq-local comment-start-skip "\\(?:#+\\|///\\)[ \t]*")
  (setq-local parse-sexp-ignore-comments t)
  (setq-local syntax-propertize-function #'aur--syntax-propertize)
  (add-hook 'syntax-propertize-extend-region-functions #'syntax-propertize-wholelines nil t)
  (setq-local font-lock-defaults '(aur-font-lock-keywords))
  (setq-local indent-line-function #'aur-indent-line)
  (setq-local indent-tabs-mode nil))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.aur\\'" . aur-mode))

(defvar eglot-server-programs)

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs (cons 'aur-mode (lambda (&rest _) (list aur-compiler "lsp")))))

(provide 'aur-mode)
;;; aur-mode.el ends here
