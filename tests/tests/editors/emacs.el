;;; emacs.el --- Drives the language server from Emacs -*- lexical-binding: t; -*-

;;; Commentary:

;; One JSON line for each step on the standard output.  The working folder holds the programs; AURC is the
;; server, PACK the folder of aur-mode, STEPS what is done.

;;; Code:

(add-to-list 'load-path (getenv "PACK"))
(require 'eglot)
(require 'aur-mode)
(require 'json)

(setq aur-compiler (getenv "AURC")
      create-lockfiles nil
      make-backup-files nil
      eglot-confirm-server-initiated-edits nil
      eglot-sync-connect nil
      eglot-connect-timeout 60)

(defconst test-folder default-directory "Where the programs are.")

(defconst test-longest 60 "Seconds after which a test has hung.")

(defun test-say (step &rest fields)
  "Print STEP with FIELDS as a line of JSON."
  (princ (concat (json-encode (append (list :step step) fields)) "\n")))

(defun test-wait (what holds)
  "Wait until HOLDS; WHAT is named where that never comes."
  (let ((end (+ (float-time) test-longest)))
    (while (not (funcall holds))
      (when (> (float-time) end)
        (error "Nothing came of: %s" what))
      ;; Without a terminal there are no idle moments in which these would be done.
      (when (eglot-current-server)
        (eglot--signal-textDocument/didChange))
      (flymake-start)
      (accept-process-output nil 0.05))))

(defun test-found ()
  "Return the diagnostics of the buffer as texts."
  (vconcat
   (sort (mapcar (lambda (one)
                   (format "%d:%d %s" (line-number-at-pos (flymake-diagnostic-beg one))
                           (save-excursion (goto-char (flymake-diagnostic-beg one)) (1+ (current-column)))
                           (flymake-diagnostic-text one)))
                 (flymake-diagnostics))
         #'string<)))

(defun test-at (text)
  "Go to the beginning of TEXT."
  (goto-char (point-min))
  (search-forward text)
  (goto-char (match-beginning 0)))

(defun test-ask (method &rest more)
  "Ask METHOD for the place of point, with MORE parameters."
  (eglot--signal-textDocument/didChange)
  (jsonrpc-request (eglot-current-server) method (append (eglot--TextDocumentPositionParams) more)
                   :timeout test-longest))

(defun test-place (location)
  "Return LOCATION as a text."
  (let ((start (plist-get (or (plist-get location :range) (plist-get location :targetSelectionRange)) :start)))
    (format "%s %d:%d"
            (file-relative-name (eglot--uri-to-path (or (plist-get location :uri) (plist-get location :targetUri)))
                                test-folder)
            (1+ (plist-get start :line)) (1+ (plist-get start :character)))))

(defun test-places (answer)
  "Return the locations of ANSWER as texts."
  (vconcat (sort (mapcar #'test-place (if (plist-get answer :uri) (list answer) answer)) #'string<)))

(defun test-line (text)
  "Return the line of the buffer that holds TEXT."
  (save-excursion
    (test-at text)
    (buffer-substring-no-properties (line-beginning-position) (line-end-position))))

(defun test-step (step)
  "Do STEP in the current buffer."
  (pcase step
    ("diagnostics"
     (test-wait "diagnostics" #'flymake-diagnostics)
     (test-say step :found (test-found)))
    ("completion"
     (with-current-buffer (find-file-noselect "half.aur")
       (test-wait "the server of half.aur" #'eglot-current-server)
       (test-at "max_")
       (end-of-line)
       (let* ((answer (test-ask :textDocument/completion))
              (items (or (plist-get answer :items) answer))
              (labels (mapcar (lambda (item) (plist-get item :label)) items)))
         (test-say step :labels (vconcat (sort (seq-filter (lambda (label) (string-prefix-p "max_" label)) labels)
                                               #'string<))))))
    ("hover"
     (test-at "reliable {")
     (test-say step :text (plist-get (plist-get (test-ask :textDocument/hover) :contents) :value)))
    ("definition"
     (test-at "reliable {")
     (test-say step :places (test-places (test-ask :textDocument/definition)))
     ;; And as a person does it.
     (xref-find-definitions "reliable")
     (test-say "jump" :file (file-relative-name buffer-file-name test-folder) :line (line-number-at-pos))
     (switch-to-buffer "main.aur"))
    ("references"
     (test-at "reliable {")
     (test-say step :places (test-places (test-ask :textDocument/references :context '(:includeDeclaration t)))))
    ("code_action"
     (test-at "max_failure")
     (cl-letf (((symbol-function 'completing-read)
                (lambda (_prompt table &rest _) (car (all-completions "" table))))
               ((symbol-function 'read-multiple-choice) (lambda (_prompt choices &rest _) (car choices))))
       (eglot-code-actions (line-beginning-position) (line-end-position) "quickfix" t))
     (test-wait "diagnostics that go away" (lambda () (null (flymake-diagnostics))))
     (test-say step :line (test-line "max_failure") :left (test-found)))
    ("edit"
     (test-at "name = \"hello\"")
     (end-of-line)
     (insert " + 1")
     (test-wait "diagnostics of an edit" #'flymake-diagnostics)
     (test-say step :found (test-found))
     (delete-char -4)
     (test-wait "diagnostics that go away" (lambda () (null (flymake-diagnostics))))
     (test-say "edit back" :left (test-found)))
    ("formatting"
     (test-at "  name = \"hello\"")
     (delete-region (point) (line-end-position))
     (insert "name=\"hello\"   ")
     (eglot-format-buffer)
     (test-say step :line (test-line "\"hello\"") :lines (count-lines (point-min) (point-max))))
    ("rename"
     (test-at "reliable {")
     (eglot--signal-textDocument/didChange)
     (eglot-rename "patient")
     (save-some-buffers t)
     (test-wait "a text without errors" (lambda () (null (flymake-diagnostics))))
     (test-say step
               :main (test-line "patient")
               :common (with-current-buffer (find-file-noselect "lib/common.aur") (test-line "patient"))
               :left (test-found)))))

(condition-case fault
    (progn
      (find-file "main.aur")
      (setq-local flymake-no-changes-timeout nil)
      (apply #'eglot (butlast (append (eglot--guess-contact) (list nil)) 1))
      (test-wait "the server" #'eglot-current-server)
      (dolist (step (split-string (getenv "STEPS")))
        (test-step step))
      (let* ((server (eglot-current-server))
             (process (jsonrpc--process server)))
        ;; `eglot-shutdown' kills the server at once; this is how it says goodbye before that.
        (jsonrpc-request server :shutdown nil :timeout test-longest)
        (jsonrpc-notify server :exit nil)
        (test-wait "the end of the server" (lambda () (not (process-live-p process))))
        (test-say "exit" :code (process-exit-status process))))
  (error
   (test-say "fault" :message (error-message-string fault))
   (kill-emacs 1)))

;;; emacs.el ends here
