"""How jobs and runs are doing: what has ended, from the totals and what they do not hold yet; and what is going on."""
