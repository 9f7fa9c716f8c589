"""Renders as jobs that outlive the page: a store on disk, a worker process, and what keeps it."""
