"""Printable forms: every act as a numbered paper. Builders give data; `loading` fetches, `pages` draws and logs."""
