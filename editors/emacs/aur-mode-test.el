;;; aur-mode-test.el --- Tests of aur-mode -*- lexical-binding: t; -*-

;;; Commentary:

;; emacs --batch -L editors/emacs -l aur-mode-test -f ert-run-tests-batch-and-exit

;;; Code:

(require 'ert)
(require 'aur-mode)

(defconst aur-test-folder
  (file-name-directory (or load-file-name buffer-file-name)))

(defmacro aur-test-with (text &rest body)
  "Run BODY in a buffer of the mode that holds TEXT."
  (declare (indent 1))
  `(with-temp-buffer
     (insert ,text)
     (aur-mode)
     (font-lock-ensure)
     (goto-char (point-min))
     ,@body))

(defun aur-test-faces (text)
  "Return the pieces of TEXT that have a face, with the first one of each."
  (aur-test-with text
    (let (pieces)
      (while (< (point) (point-max))
        (let ((face (get-text-property (point) 'face))
              (next (or (next-single-property-change (point) 'face) (point-max))))
          (when face
            (push (list (string-trim (buffer-substring-no-properties (point) next))
                        (intern (string-remove-suffix
                                 "-face" (string-remove-prefix
                                          "font-lock-" (symbol-name (if (listp face) (car face) face))))))
                  pieces))
          (goto-char next)))
      (seq-remove (lambda (piece) (string-empty-p (car piece))) (nreverse pieces)))))

(ert-deftest aur-items-are-coloured ()
  (should (equal (aur-test-faces "struct Size { cpu: Float = 0.5, ram: Bytes where 1MB.. }\n")
                 '(("struct" keyword) ("Size" type) ("cpu" variable-name) ("Float" type)
                   ("ram" variable-name) ("Bytes" type) ("where" keyword) ("MB" type))))
  (should (equal (aur-test-faces "input n: Integer = env(\"N\") # note\n")
                 '(("input" keyword) ("n" variable-name) ("Integer" type) ("env" builtin)
                   ("\"N\"" string) ("#" comment-delimiter) ("note" comment)))))

(ert-deftest aur-words-may-be-fields ()
  (should (equal (aur-test-faces "x = Y { input = true, type = unset, check.in = 1 }\n")
                 '(("x" variable-name) ("Y" type) ("input" variable-name) ("true" constant)
                   ("type" variable-name) ("unset" constant) ("check" variable-name)))))

(ert-deftest aur-references-are-coloured ()
  (should (equal (aur-test-faces "'{{a | sh}} {{aur.task_id}} {{super.b}}'\n")
                 '(("'" string) ("{{a |" variable-name) ("sh" builtin) ("}}" variable-name)
                   ("{{" variable-name) ("aur.task_id" constant) ("}}" variable-name)
                   ("{{" variable-name) ("super" keyword) (".b}}" variable-name) ("'" string)))))

(ert-deftest aur-texts-end-where-the-language-ends-them ()
  (dolist (text '("\"a \\\" # b\"" "'a \" b'" "\"a \\\n b\"" "r\"a \\\"" "r#\"a \"b\" \\\"#" "r##\"a \"# b\"##"
                  "\"\"\"a \"b\" \"\" # c\n d \\\"\"\" e\"\"\"" "\"\"\"\"\"\"" "\"cut off"))
    (ert-info (text)
      (aur-test-with (concat "before = " text "\nafter = 1\n")
        (search-forward "= ")
        (should (nth 3 (save-excursion (syntax-ppss (+ (point) 3)))))
        (search-forward "after")
        (should-not (nth 8 (save-excursion (syntax-ppss))))))))

(ert-deftest aur-comments-are-comments ()
  (aur-test-with "/// a \"doc\nx = 1 / 2 # it's\ny = 1\n"
    (search-forward "doc")
    (should (nth 4 (syntax-ppss)))
    (search-forward "2")
    (should-not (nth 8 (syntax-ppss)))
    (search-forward "it's")
    (should (nth 4 (syntax-ppss)))
    (search-forward "y =")
    (should-not (nth 8 (syntax-ppss)))))

(ert-deftest aur-an-edit-is-followed ()
  (aur-test-with "a = \"\"\"\n it's\n\"\"\"\nb = 1\n"
    (search-forward "it's")
    (insert " \"\"\" + '")
    (font-lock-ensure)
    (search-forward "b =")
    (should (nth 3 (syntax-ppss)))
    (goto-char (point-min))
    (search-forward " \"\"\" + '")
    (delete-char -8)
    (font-lock-ensure)
    (search-forward "b =")
    (should-not (nth 8 (syntax-ppss)))))

(ert-deftest aur-examples-keep-their-indentation ()
  (let ((examples (directory-files-recursively
                   (expand-file-name "../../examples" aur-test-folder) "\\.aur\\'")))
    (should (> (length examples) 5))
    (dolist (file examples)
      (with-temp-buffer
        (insert-file-contents file)
        (aur-mode)
        (let ((before (buffer-string))
              (inhibit-message t))
          (indent-region (point-min) (point-max))
          (should (equal (cons file (buffer-string)) (cons file before))))))))

(ert-deftest aur-files-have-the-mode ()
  (should (equal (assoc-default "x.aur" auto-mode-alist #'string-match-p) 'aur-mode)))

(provide 'aur-mode-test)
;;; aur-mode-test.el ends here
