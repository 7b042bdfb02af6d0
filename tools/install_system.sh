#!/bin/sh
# Install system packages that no Python package brings: Tesseract with its languages ("ocr"); for the tests, Chromium and
# fonts ("browser"), LibreOffice, which opens the workbooks and reports ("office"), and PostgreSQL ("database").
# Does nothing where they are there; where they can't be installed it prints the one command that does, and goes on.
set -u

case "${1:-}" in
  ocr)
    packages="tesseract-ocr tesseract-ocr-fra tesseract-ocr-nld tesseract-ocr-deu tesseract-ocr-ell tesseract-ocr-ron tesseract-ocr-ltz"
    present() {
      command -v tesseract >/dev/null 2>&1 || return 1
      languages=$(tesseract --list-langs 2>/dev/null)
      for code in fra nld deu ell ron ltz; do
        printf '%s\n' "$languages" | grep -qx "$code" || return 1
      done
    }
    without="Without it, scanned pages are recorded as failed; everything else works."
    ;;
  browser)
    packages="chromium fonts-dejavu-core"
    present() {
      [ -f /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || [ "$(uname)" != Linux ] || return 1
      command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1
    }
    without="Without them, the tests of the web page and of Greek and Romanian sample pages are skipped and say so."
    ;;
  office)
    packages="libreoffice-calc-nogui libreoffice-writer-nogui poppler-utils"
    present() { command -v soffice >/dev/null 2>&1 && command -v pdftoppm >/dev/null 2>&1; }
    without="Without it, the tests that open workbooks and reports in LibreOffice are skipped and say so."
    ;;
  database)
    packages="postgresql"
    present() { command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }
    without="Without it, the tests of the review database on PostgreSQL are skipped and say so."
    ;;
  *)
    echo "usage: install_system.sh ocr|browser|office|database" >&2
    exit 2
    ;;
esac

present && exit 0

run=""
if [ "$(id -u)" -ne 0 ]; then
  run="sudo"
  sudo -n true 2>/dev/null || run="none"
fi
if command -v apt-get >/dev/null 2>&1 && [ "$run" != none ]; then
  echo "Installing $packages"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  if $run apt-get update -qq && $run apt-get install -y -qq --no-install-recommends $packages >/dev/null && present; then
    exit 0
  fi
fi
echo "Could not install: $packages"
echo "  -> sudo apt-get install -y $packages"
if [ "$1" = ocr ]; then
  echo "     (Fedora: dnf install tesseract tesseract-langpack-fra …; macOS: brew install tesseract tesseract-lang;"
  echo "      Windows: winget install UB-Mannheim.TesseractOCR)"
fi
echo "$without"
exit 0
