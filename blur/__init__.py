"""blur: covers every face in video clips so that nobody in them can be identified."""
