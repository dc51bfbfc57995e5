-- Where the session that maps a large pass ahead leaves its rows until the pass has merged them: unlogged tables that
-- live for seconds. What a pass that was killed left there, the next one drops. Nobody but the hub reads them.
create schema mapped;
comment on schema mapped is '映射层:大批次事先映射好的行,合并后即删 / rows of a large pass, mapped ahead and dropped once merged';
grant usage, create on schema mapped to orderhub_app;
