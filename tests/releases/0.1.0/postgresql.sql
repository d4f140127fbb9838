


SELECT pg_catalog.set_config('search_path', '', false);




CREATE TABLE public.artefacts (
    attempt_id bigint NOT NULL,
    size_bytes bigint NOT NULL,
    name character varying(64) NOT NULL,
    sha256 character varying(64) NOT NULL,
    media_type text NOT NULL,
    created_at timestamp with time zone NOT NULL
);



CREATE TABLE public.attempts (
    id bigint NOT NULL,
    trial_id bigint NOT NULL,
    number integer NOT NULL,
    slot integer NOT NULL,
    lease_s integer NOT NULL,
    worker character varying(64) NOT NULL,
    request_id character varying(64) NOT NULL,
    token_sha256 character varying(64) NOT NULL,
    started_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    reason text,
    counts boolean NOT NULL,
    result json,
    details json,
    outcome character varying(16),
    CONSTRAINT ck_attempts_counts CHECK (((NOT counts) OR (ended_at IS NOT NULL))),
    CONSTRAINT ck_attempts_ended CHECK (((ended_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT ck_attempts_outcome CHECK (((outcome)::text = ANY ((ARRAY['completed'::character varying, 'infeasible'::character varying, 'failed'::character varying, 'expired'::character varying, 'released'::character varying, 'cancelled'::character varying, 'superseded'::character varying])::text[])))
);



CREATE SEQUENCE public.attempts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.attempts_id_seq OWNED BY public.attempts.id;



CREATE TABLE public.events (
    study_id bigint NOT NULL,
    data json NOT NULL,
    at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    kind character varying(16) NOT NULL,
    CONSTRAINT ck_events_kind CHECK (((kind)::text = ANY ((ARRAY['trial'::character varying, 'front'::character varying, 'hypervolume'::character varying, 'study'::character varying])::text[])))
);



CREATE TABLE public.fits (
    id bigint NOT NULL,
    study_id bigint NOT NULL,
    version integer NOT NULL,
    history_version integer NOT NULL,
    observations integer NOT NULL,
    "values" json NOT NULL,
    libraries json NOT NULL,
    created_at timestamp with time zone NOT NULL
);



CREATE SEQUENCE public.fits_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.fits_id_seq OWNED BY public.fits.id;



CREATE TABLE public.hypervolume (
    study_id bigint NOT NULL,
    value double precision NOT NULL,
    front_size integer NOT NULL,
    at timestamp with time zone NOT NULL,
    finish_no integer NOT NULL
);



CREATE TABLE public.idempotency (
    project_id bigint NOT NULL,
    key character varying(128) NOT NULL,
    request_sha256 character varying(64) NOT NULL,
    status integer NOT NULL,
    answer json NOT NULL,
    created_at timestamp with time zone NOT NULL
);



CREATE TABLE public.keys (
    id bigint NOT NULL,
    project_id bigint NOT NULL,
    name text NOT NULL,
    sha256 character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    role character varying(16) NOT NULL,
    CONSTRAINT ck_keys_role CHECK (((role)::text = ANY ((ARRAY['admin'::character varying, 'user'::character varying, 'worker'::character varying, 'viewer'::character varying])::text[])))
);



CREATE SEQUENCE public.keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.keys_id_seq OWNED BY public.keys.id;



CREATE TABLE public.metrics (
    trial_id bigint NOT NULL,
    study_id bigint NOT NULL,
    name character varying(64) NOT NULL,
    value double precision NOT NULL,
    CONSTRAINT ck_metrics_finite CHECK (((value >= ('-179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric)::double precision) AND (value <= ('179769313486231570000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000'::numeric)::double precision)))
);



CREATE TABLE public.projects (
    id bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL
);



CREATE SEQUENCE public.projects_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.projects_id_seq OWNED BY public.projects.id;



CREATE TABLE public.reports (
    attempt_id bigint NOT NULL,
    metrics json NOT NULL,
    at timestamp with time zone NOT NULL,
    step integer NOT NULL
);



CREATE TABLE public.studies (
    id bigint NOT NULL,
    project_id bigint NOT NULL,
    name character varying(64) NOT NULL,
    version integer NOT NULL,
    trials integer NOT NULL,
    ahead integer NOT NULL,
    max_attempts integer NOT NULL,
    last_number integer NOT NULL,
    finish_no integer NOT NULL,
    event_no integer NOT NULL,
    front_size integer NOT NULL,
    definition json NOT NULL,
    problem json NOT NULL,
    data json,
    data_name text,
    data_sha256 character varying(64),
    thinker_token character varying(64),
    designer text NOT NULL,
    think_s double precision NOT NULL,
    hypervolume double precision,
    thinker_until timestamp with time zone,
    ended_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    status character varying(16) NOT NULL,
    ended_reason character varying(16),
    CONSTRAINT ck_studies_budget CHECK ((trials > 0)),
    CONSTRAINT ck_studies_ended CHECK (((ended_at IS NULL) = ((status)::text <> 'ended'::text))),
    CONSTRAINT ck_studies_ended_reason CHECK (((ended_reason)::text = ANY ((ARRAY['budget'::character varying, 'closed'::character varying, 'exhausted'::character varying])::text[]))),
    CONSTRAINT ck_studies_kind CHECK (((kind)::text = ANY ((ARRAY['network'::character varying, 'parameters'::character varying])::text[]))),
    CONSTRAINT ck_studies_status CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'paused'::character varying, 'ended'::character varying])::text[])))
);



CREATE SEQUENCE public.studies_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.studies_id_seq OWNED BY public.studies.id;



CREATE TABLE public.tinyfront_alembic_version (
    version_num character varying(32) NOT NULL
);



CREATE TABLE public.tinyfront_schema (
    oldest_server text NOT NULL,
    token_secret bytea NOT NULL,
    id integer NOT NULL,
    CONSTRAINT ck_tinyfront_schema_one_row CHECK ((id = 1))
);



CREATE TABLE public.trials (
    id bigint NOT NULL,
    study_id bigint NOT NULL,
    number integer NOT NULL,
    replicate integer NOT NULL,
    attempts integer NOT NULL,
    failures integer NOT NULL,
    losses integer NOT NULL,
    key character varying(64) NOT NULL,
    purpose character varying(16) NOT NULL,
    point json NOT NULL,
    known json NOT NULL,
    work json NOT NULL,
    details json NOT NULL,
    epochs double precision NOT NULL,
    designer text NOT NULL,
    origin text NOT NULL,
    prediction json,
    fit_id bigint,
    worker text,
    reason text,
    created_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    entered_at timestamp with time zone,
    finish_no integer,
    feasible boolean,
    on_front boolean NOT NULL,
    status character varying(16) NOT NULL,
    worker_order character varying(16) NOT NULL,
    failed_through character varying(16),
    CONSTRAINT ck_trials_failed_status CHECK (((failed_through IS NULL) OR ((status)::text = 'failed'::text))),
    CONSTRAINT ck_trials_failed_through CHECK (((failed_through)::text = ANY ((ARRAY['objective'::character varying, 'lost_workers'::character varying])::text[]))),
    CONSTRAINT ck_trials_finish_no CHECK (((finish_no IS NULL) OR ((status)::text <> ALL ((ARRAY['queued'::character varying, 'running'::character varying, 'cancelled'::character varying])::text[])))),
    CONSTRAINT ck_trials_on_front CHECK (((NOT on_front) OR (((status)::text = 'completed'::text) AND (feasible IS TRUE)))),
    CONSTRAINT ck_trials_open CHECK (((finished_at IS NULL) = ((status)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying])::text[])))),
    CONSTRAINT ck_trials_status CHECK (((status)::text = ANY ((ARRAY['queued'::character varying, 'running'::character varying, 'completed'::character varying, 'stopped'::character varying, 'infeasible'::character varying, 'failed'::character varying, 'cancelled'::character varying])::text[]))),
    CONSTRAINT ck_trials_worker_order CHECK (((worker_order)::text = ANY ((ARRAY['continue'::character varying, 'stop'::character varying, 'cancel'::character varying])::text[])))
);



CREATE SEQUENCE public.trials_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;



ALTER SEQUENCE public.trials_id_seq OWNED BY public.trials.id;



CREATE TABLE public.workers (
    name character varying(64) NOT NULL,
    accelerator text,
    host text,
    pid integer,
    versions json NOT NULL,
    data json NOT NULL,
    first_seen_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL
);



ALTER TABLE ONLY public.attempts ALTER COLUMN id SET DEFAULT nextval('public.attempts_id_seq'::regclass);



ALTER TABLE ONLY public.fits ALTER COLUMN id SET DEFAULT nextval('public.fits_id_seq'::regclass);



ALTER TABLE ONLY public.keys ALTER COLUMN id SET DEFAULT nextval('public.keys_id_seq'::regclass);



ALTER TABLE ONLY public.projects ALTER COLUMN id SET DEFAULT nextval('public.projects_id_seq'::regclass);



ALTER TABLE ONLY public.studies ALTER COLUMN id SET DEFAULT nextval('public.studies_id_seq'::regclass);



ALTER TABLE ONLY public.trials ALTER COLUMN id SET DEFAULT nextval('public.trials_id_seq'::regclass);






INSERT INTO public.attempts VALUES (1, 1, 1, 0, 60, 'w', 'r1', 'fc405be9b7ca8e4798991d8375e9697a28b2f5c1de3e25d21876fe897a667cd0', '2026-01-02 03:04:05+00', '2026-01-02 03:05:05+00', '2026-01-02 03:04:05+00', NULL, true, '{"cost":10.0,"gain":0.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (2, 2, 1, 0, 60, 'w', 'r2', '52944381860ca7ef58592cf2f416a23c42482ded316251a8bddcb6b96ab1def8', '2026-01-02 03:04:06+00', '2026-01-02 03:05:06+00', '2026-01-02 03:04:06+00', NULL, true, '{"cost":9.0,"gain":1.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (3, 3, 1, 0, 60, 'w', 'r3', '06a3b610ae15a960c96e79a141d99d1d82a825682acc5fe7d0f6c07fd71cde61', '2026-01-02 03:04:07+00', '2026-01-02 03:05:07+00', '2026-01-02 03:04:07+00', NULL, true, '{"cost":8.0,"gain":2.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (4, 4, 1, 0, 60, 'w', 'r4', 'a6e70b720a2bd341a858be78f94a4d3595daf63147a607b12c0c3cdcb0dac001', '2026-01-02 03:04:08+00', '2026-01-02 03:05:08+00', '2026-01-02 03:04:08+00', NULL, true, '{"cost":7.0,"gain":3.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (5, 5, 1, 0, 60, 'w', 'r5', 'd9fbf892f6fabf7c606c28db6aa2ac13f583c0f2ebb9b1f71023247a2778ba2d', '2026-01-02 03:04:09+00', '2026-01-02 03:05:09+00', '2026-01-02 03:04:09+00', NULL, true, '{"cost":6.0,"gain":4.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (6, 6, 1, 0, 60, 'w', 'r6', '6f5195f90b7dad6458495903b617fe4056df42ba7bb3b1fab32a8bbd694def96', '2026-01-02 03:04:10+00', '2026-01-02 03:05:10+00', '2026-01-02 03:04:10+00', NULL, true, '{"cost":5.0,"gain":0.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (7, 7, 1, 0, 60, 'w', 'r7', '80cc42de47fea8d00115efcf95eccaabed3e4f35d66da838a8b5a1f37b12b85b', '2026-01-02 03:04:11+00', '2026-01-02 03:05:11+00', '2026-01-02 03:04:11+00', NULL, true, '{"cost":4.0,"gain":1.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (8, 8, 1, 0, 60, 'w', 'r8', 'ff78b5fa9343512a288460f197face82289b8e7bbd70c698243d80ad88d0b71a', '2026-01-02 03:04:12+00', '2026-01-02 03:05:12+00', '2026-01-02 03:04:12+00', NULL, true, '{"cost":3.0,"gain":2.0}', '{}', 'completed');
INSERT INTO public.attempts VALUES (9, 9, 1, 0, 60, 'w', 'r9', '99f0554302a4e76bd5572fd081a4d1ed1ed23431151a472275cf7391601b0db8', '2026-01-02 03:04:13+00', '2026-01-02 03:05:13+00', '2026-01-02 03:04:13+00', 'broke', true, NULL, NULL, 'infeasible');
INSERT INTO public.attempts VALUES (10, 10, 1, 0, 60, 'w', 'r10', '5165c955239f0c3cdae6f6dda5208fc50cb40472452c2d1285a9e77fb89dfbdf', '2026-01-02 03:04:13+00', '2026-01-02 03:05:13+00', NULL, NULL, false, NULL, NULL, NULL);



INSERT INTO public.events VALUES (1, '{"status":"active","reason":null,"trials":20}', '2026-01-02 03:04:05+00', 1, 'study');
INSERT INTO public.events VALUES (1, '{"id":1,"number":1,"status":"completed","finish_no":1,"feasible":true,"on_front":true,"values":{"cost":10.0,"gain":0.0}}', '2026-01-02 03:04:13+00', 2, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":1,"front_size":1}', '2026-01-02 03:04:13+00', 3, 'front');
INSERT INTO public.events VALUES (1, '{"id":2,"number":2,"status":"completed","finish_no":2,"feasible":true,"on_front":true,"values":{"cost":9.0,"gain":1.0}}', '2026-01-02 03:04:13+00', 4, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":2,"front_size":1}', '2026-01-02 03:04:13+00', 5, 'front');
INSERT INTO public.events VALUES (1, '{"id":3,"number":3,"status":"completed","finish_no":3,"feasible":true,"on_front":true,"values":{"cost":8.0,"gain":2.0}}', '2026-01-02 03:04:13+00', 6, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":3,"front_size":1}', '2026-01-02 03:04:13+00', 7, 'front');
INSERT INTO public.events VALUES (1, '{"id":4,"number":4,"status":"completed","finish_no":4,"feasible":true,"on_front":true,"values":{"cost":7.0,"gain":3.0}}', '2026-01-02 03:04:13+00', 8, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":4,"front_size":1}', '2026-01-02 03:04:13+00', 9, 'front');
INSERT INTO public.events VALUES (1, '{"id":5,"number":5,"status":"completed","finish_no":5,"feasible":true,"on_front":true,"values":{"cost":6.0,"gain":4.0}}', '2026-01-02 03:04:13+00', 10, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":5,"front_size":1}', '2026-01-02 03:04:13+00', 11, 'front');
INSERT INTO public.events VALUES (1, '{"id":6,"number":6,"status":"completed","finish_no":6,"feasible":true,"on_front":true,"values":{"cost":5.0,"gain":0.0}}', '2026-01-02 03:04:13+00', 12, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":6,"front_size":2}', '2026-01-02 03:04:13+00', 13, 'front');
INSERT INTO public.events VALUES (1, '{"finish_no":6,"value":0.7242063492063493,"front_size":2}', '2026-01-02 03:04:13+00', 14, 'hypervolume');
INSERT INTO public.events VALUES (1, '{"id":7,"number":7,"status":"completed","finish_no":7,"feasible":true,"on_front":true,"values":{"cost":4.0,"gain":1.0}}', '2026-01-02 03:04:13+00', 15, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":7,"front_size":2}', '2026-01-02 03:04:13+00', 16, 'front');
INSERT INTO public.events VALUES (1, '{"finish_no":7,"value":0.8154761904761905,"front_size":2}', '2026-01-02 03:04:13+00', 17, 'hypervolume');
INSERT INTO public.events VALUES (1, '{"id":8,"number":8,"status":"completed","finish_no":8,"feasible":true,"on_front":true,"values":{"cost":3.0,"gain":2.0}}', '2026-01-02 03:04:13+00', 18, 'trial');
INSERT INTO public.events VALUES (1, '{"finish_no":8,"front_size":2}', '2026-01-02 03:04:13+00', 19, 'front');
INSERT INTO public.events VALUES (1, '{"finish_no":8,"value":0.9702380952380952,"front_size":2}', '2026-01-02 03:04:13+00', 20, 'hypervolume');
INSERT INTO public.events VALUES (1, '{"id":9,"number":9,"status":"infeasible","finish_no":9,"feasible":null,"on_front":false,"values":{}}', '2026-01-02 03:04:13+00', 21, 'trial');






INSERT INTO public.hypervolume VALUES (1, 0.7242063492063493, 2, '2026-01-02 03:04:13+00', 6);
INSERT INTO public.hypervolume VALUES (1, 0.8154761904761905, 2, '2026-01-02 03:04:13+00', 7);
INSERT INTO public.hypervolume VALUES (1, 0.9702380952380952, 2, '2026-01-02 03:04:13+00', 8);









INSERT INTO public.metrics VALUES (1, 1, 'cost', 10);
INSERT INTO public.metrics VALUES (1, 1, 'gain', 0);
INSERT INTO public.metrics VALUES (2, 1, 'cost', 9);
INSERT INTO public.metrics VALUES (2, 1, 'gain', 1);
INSERT INTO public.metrics VALUES (3, 1, 'cost', 8);
INSERT INTO public.metrics VALUES (3, 1, 'gain', 2);
INSERT INTO public.metrics VALUES (4, 1, 'cost', 7);
INSERT INTO public.metrics VALUES (4, 1, 'gain', 3);
INSERT INTO public.metrics VALUES (5, 1, 'cost', 6);
INSERT INTO public.metrics VALUES (5, 1, 'gain', 4);
INSERT INTO public.metrics VALUES (6, 1, 'cost', 5);
INSERT INTO public.metrics VALUES (6, 1, 'gain', 0);
INSERT INTO public.metrics VALUES (7, 1, 'cost', 4);
INSERT INTO public.metrics VALUES (7, 1, 'gain', 1);
INSERT INTO public.metrics VALUES (8, 1, 'cost', 3);
INSERT INTO public.metrics VALUES (8, 1, 'gain', 2);



INSERT INTO public.projects VALUES (1, 'default', '2026-11-21 09:41:47.208064+00');



INSERT INTO public.reports VALUES (10, '{"cost":3.0}', '2026-01-02 03:04:13+00', 1);



INSERT INTO public.studies VALUES (1, 1, 'kept', 1, 20, 0, 3, 11, 9, 21, 2, '{"name":"kept","space":{"kind":"parameters","parameters":[{"name":"x","kind":"real","low":0.0,"high":1000.0,"log":false}]},"objectives":[{"name":"cost","goal":"minimize","bound":null,"limit":null,"ideal":null,"reference":null,"log":null},{"name":"gain","goal":"maximize","bound":null,"limit":null,"ideal":null,"reference":null,"log":null}],"data":null,"device":null,"designer":"random","trials":20,"training":{},"seed":0,"ahead":0,"think_s":5.0,"max_attempts":3}', '{"space":{"kind":"parameters","parameters":[{"name":"x","kind":"real","low":0.0,"high":1000.0,"log":false}]},"context":{},"objectives":[{"name":"cost","role":"measured","goal":"minimize","bound":null,"limit":null,"scale":{"ideal":4.5,"reference":10.5,"log":false},"given":{"ideal":null,"reference":null,"log":null}},{"name":"gain","role":"measured","goal":"maximize","bound":null,"limit":null,"scale":{"ideal":4.375,"reference":-0.875,"log":false},"given":{"ideal":null,"reference":null,"log":null}}],"validation":null,"seed":0}', NULL, NULL, NULL, NULL, 'random', 5, 0.9702380952380952, NULL, NULL, '2026-01-02 03:04:05+00', 'parameters', 'active', NULL);



INSERT INTO public.tinyfront_alembic_version VALUES ('0001');



INSERT INTO public.tinyfront_schema VALUES ('0.1.0', '\xa2039b6eb5e1c23dbaff9ae1367a63770d100e571b61b0343e21d6e4fe6b304d', 1);



INSERT INTO public.trials VALUES (1, 1, 1, 0, 1, 0, 0, 'f3dc2d162c92881962a9ba1783dffebb14a38543f1ce3c92d34d513df1b38076', 'search', '{"x":1.0}', '{}', '{"kind":"parameters","parameters":{"x":1.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:05+00', '2026-01-02 03:04:05+00', '2026-01-02 03:04:05+00', '2026-01-02 03:04:13+00', 1, true, false, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (2, 1, 2, 0, 1, 0, 0, 'aa5726b4833d9dbcb130a7adafc940596b2a8a646b2130a5c9ab9cdf9f398031', 'search', '{"x":2.0}', '{}', '{"kind":"parameters","parameters":{"x":2.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:06+00', '2026-01-02 03:04:06+00', '2026-01-02 03:04:06+00', '2026-01-02 03:04:13+00', 2, true, false, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (3, 1, 3, 0, 1, 0, 0, '7bdb3b4039843486318ddc118590497270f667d1971b39eadcdb5674da1d2b67', 'search', '{"x":3.0}', '{}', '{"kind":"parameters","parameters":{"x":3.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:07+00', '2026-01-02 03:04:07+00', '2026-01-02 03:04:07+00', '2026-01-02 03:04:13+00', 3, true, false, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (4, 1, 4, 0, 1, 0, 0, '0893e28c5f255c3268b39445ce1afa9fcf3c65ab24b03ba294325b84d4748feb', 'search', '{"x":4.0}', '{}', '{"kind":"parameters","parameters":{"x":4.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:08+00', '2026-01-02 03:04:08+00', '2026-01-02 03:04:08+00', '2026-01-02 03:04:13+00', 4, true, false, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (5, 1, 5, 0, 1, 0, 0, 'ed755a86dd4c9b20cb59bdadb269ab002d809a6bf681530ee79b2cc1ee151da7', 'search', '{"x":5.0}', '{}', '{"kind":"parameters","parameters":{"x":5.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:09+00', '2026-01-02 03:04:09+00', '2026-01-02 03:04:09+00', '2026-01-02 03:04:13+00', 5, true, true, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (6, 1, 6, 0, 1, 0, 0, '8b9118ad3ef6d37757fa533ff16b280465be9e80857b66f12da1d16461788f1e', 'search', '{"x":6.0}', '{}', '{"kind":"parameters","parameters":{"x":6.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:10+00', '2026-01-02 03:04:10+00', '2026-01-02 03:04:10+00', '2026-01-02 03:04:13+00', 6, true, false, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (7, 1, 7, 0, 1, 0, 0, 'bbd221e589db883923be0517a8e14d631f84be8ee94b0f1d08e4aad2ecc50e13', 'search', '{"x":7.0}', '{}', '{"kind":"parameters","parameters":{"x":7.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:11+00', '2026-01-02 03:04:11+00', '2026-01-02 03:04:11+00', '2026-01-02 03:04:13+00', 7, true, false, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (8, 1, 8, 0, 1, 0, 0, '0c06965387f6eb0e8b6ead24843b1f8f8218d6c439ec8fa8fc3cc3bd8ae69878', 'search', '{"x":8.0}', '{}', '{"kind":"parameters","parameters":{"x":8.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:12+00', '2026-01-02 03:04:12+00', '2026-01-02 03:04:12+00', '2026-01-02 03:04:13+00', 8, true, true, 'completed', 'continue', NULL);
INSERT INTO public.trials VALUES (11, 1, 11, 0, 0, 0, 0, 'de95e1fe8d795139c01e4268e48cd0ddcd2e8b2ab3cf19f35ab3f9445c8903cb', 'search', '{"x":11.0}', '{}', '{"kind":"parameters","parameters":{"x":11.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, NULL, NULL, '2026-01-02 03:04:13+00', NULL, NULL, NULL, NULL, NULL, false, 'queued', 'continue', NULL);
INSERT INTO public.trials VALUES (10, 1, 10, 0, 1, 0, 0, 'd4f3bd5768acd5690a8a16710ba07be05d665cd419a001697059701564df9de2', 'search', '{"x":10.0}', '{}', '{"kind":"parameters","parameters":{"x":10.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', NULL, '2026-01-02 03:04:13+00', '2026-01-02 03:04:13+00', NULL, NULL, NULL, NULL, false, 'running', 'continue', NULL);
INSERT INTO public.trials VALUES (9, 1, 9, 0, 1, 0, 0, '52bb44aa4b921104ed36a5cf511bf49ca337b6f80c48a391f9ac9f5ef67bc578', 'search', '{"x":9.0}', '{}', '{"kind":"parameters","parameters":{"x":9.0},"purpose":"search","replicate":0,"metrics":["cost","gain"]}', '{}', 0, 'user', 'user', NULL, NULL, 'w', 'broke', '2026-01-02 03:04:13+00', '2026-01-02 03:04:13+00', '2026-01-02 03:04:13+00', '2026-01-02 03:04:13+00', 9, NULL, false, 'infeasible', 'continue', NULL);



INSERT INTO public.workers VALUES ('w', NULL, NULL, NULL, '{}', '[]', '2026-01-02 03:04:05+00', '2026-01-02 03:04:13+00');



SELECT pg_catalog.setval('public.attempts_id_seq', 10, true);



SELECT pg_catalog.setval('public.fits_id_seq', 1, false);



SELECT pg_catalog.setval('public.keys_id_seq', 1, false);



SELECT pg_catalog.setval('public.projects_id_seq', 1, true);



SELECT pg_catalog.setval('public.studies_id_seq', 1, true);



SELECT pg_catalog.setval('public.trials_id_seq', 11, true);



ALTER TABLE ONLY public.artefacts
    ADD CONSTRAINT pk_artefacts PRIMARY KEY (attempt_id, name);



ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT pk_attempts PRIMARY KEY (id);



ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (study_id, number);



ALTER TABLE ONLY public.fits
    ADD CONSTRAINT pk_fits PRIMARY KEY (id);



ALTER TABLE ONLY public.hypervolume
    ADD CONSTRAINT pk_hypervolume PRIMARY KEY (study_id, finish_no);



ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (project_id, key);



ALTER TABLE ONLY public.keys
    ADD CONSTRAINT pk_keys PRIMARY KEY (id);



ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT pk_metrics PRIMARY KEY (trial_id, name);



ALTER TABLE ONLY public.projects
    ADD CONSTRAINT pk_projects PRIMARY KEY (id);



ALTER TABLE ONLY public.reports
    ADD CONSTRAINT pk_reports PRIMARY KEY (attempt_id, step);



ALTER TABLE ONLY public.studies
    ADD CONSTRAINT pk_studies PRIMARY KEY (id);



ALTER TABLE ONLY public.tinyfront_schema
    ADD CONSTRAINT pk_tinyfront_schema PRIMARY KEY (id);



ALTER TABLE ONLY public.trials
    ADD CONSTRAINT pk_trials PRIMARY KEY (id);



ALTER TABLE ONLY public.workers
    ADD CONSTRAINT pk_workers PRIMARY KEY (name);



ALTER TABLE ONLY public.tinyfront_alembic_version
    ADD CONSTRAINT tinyfront_alembic_version_pkc PRIMARY KEY (version_num);



ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT uq_attempts_trial_id_number UNIQUE (trial_id, number);



ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT uq_attempts_worker_request_id_slot UNIQUE (worker, request_id, slot);



ALTER TABLE ONLY public.keys
    ADD CONSTRAINT uq_keys_sha256 UNIQUE (sha256);



ALTER TABLE ONLY public.projects
    ADD CONSTRAINT uq_projects_name UNIQUE (name);



ALTER TABLE ONLY public.studies
    ADD CONSTRAINT uq_studies_project_id_name UNIQUE (project_id, name);



ALTER TABLE ONLY public.trials
    ADD CONSTRAINT uq_trials_study_id_finish_no UNIQUE (study_id, finish_no);



ALTER TABLE ONLY public.trials
    ADD CONSTRAINT uq_trials_study_id_key_purpose_replicate UNIQUE (study_id, key, purpose, replicate);



ALTER TABLE ONLY public.trials
    ADD CONSTRAINT uq_trials_study_id_number UNIQUE (study_id, number);



CREATE INDEX ix_artefacts_sha256 ON public.artefacts USING btree (sha256);



CREATE INDEX ix_attempts_expiry ON public.attempts USING btree (expires_at) WHERE (ended_at IS NULL);



CREATE INDEX ix_fits_study_id ON public.fits USING btree (study_id);



CREATE INDEX ix_idempotency_created_at ON public.idempotency USING btree (created_at);



CREATE INDEX ix_keys_project_id ON public.keys USING btree (project_id);



CREATE INDEX ix_metrics_study_id_name_value ON public.metrics USING btree (study_id, name, value);



CREATE INDEX ix_trials_status_id ON public.trials USING btree (status, id);



CREATE INDEX ix_trials_study_id_status_id ON public.trials USING btree (study_id, status, id);



CREATE INDEX ix_trials_unentered ON public.trials USING btree (study_id) WHERE ((finished_at IS NOT NULL) AND (entered_at IS NULL));



CREATE UNIQUE INDEX uq_attempts_counts ON public.attempts USING btree (trial_id) WHERE counts;



CREATE UNIQUE INDEX uq_attempts_open ON public.attempts USING btree (trial_id) WHERE (ended_at IS NULL);



ALTER TABLE ONLY public.artefacts
    ADD CONSTRAINT fk_artefacts_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.attempts(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.attempts
    ADD CONSTRAINT fk_attempts_trial_id FOREIGN KEY (trial_id) REFERENCES public.trials(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.events
    ADD CONSTRAINT fk_events_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.fits
    ADD CONSTRAINT fk_fits_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.hypervolume
    ADD CONSTRAINT fk_hypervolume_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT fk_idempotency_project_id FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.keys
    ADD CONSTRAINT fk_keys_project_id FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT fk_metrics_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.metrics
    ADD CONSTRAINT fk_metrics_trial_id FOREIGN KEY (trial_id) REFERENCES public.trials(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.reports
    ADD CONSTRAINT fk_reports_attempt_id FOREIGN KEY (attempt_id) REFERENCES public.attempts(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.studies
    ADD CONSTRAINT fk_studies_project_id FOREIGN KEY (project_id) REFERENCES public.projects(id) ON DELETE CASCADE;



ALTER TABLE ONLY public.trials
    ADD CONSTRAINT fk_trials_fit_id FOREIGN KEY (fit_id) REFERENCES public.fits(id) ON DELETE SET NULL;



ALTER TABLE ONLY public.trials
    ADD CONSTRAINT fk_trials_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id) ON DELETE CASCADE;




