"""Which requests are answered: those to this cloud's own names, from no foreign page, signed with one of its keys."""
