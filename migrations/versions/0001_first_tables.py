"""First tables

Revision ID: 0001
Revises: 
Create Date: 2026-11-24 02:14:21.355251
"""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:

    op.create_table('audit_event',
    sa.Column('actor_id', sa.Uuid(), nullable=True),
    sa.Column('action', sa.String(60), nullable=False),
    sa.Column('subject_kind', sa.String(40), nullable=True),
    sa.Column('subject_id', sa.String(60), nullable=True),
    sa.Column('detail', sa.JSON(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('length(action) <= 60', name=op.f('ck_audit_event_action_length')),
    sa.CheckConstraint('length(subject_id) <= 60', name=op.f('ck_audit_event_subject_id_length')),
    sa.CheckConstraint('length(subject_kind) <= 40', name=op.f('ck_audit_event_subject_kind_length')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event'))
    )
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_event_actor_id'), ['actor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_event_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_event_subject_id'), ['subject_id'], unique=False)

    op.create_table('company',
    sa.Column('name', sa.String(200), nullable=False),
    sa.Column('name_key', sa.String(200), nullable=False),
    sa.Column('status', sa.Enum('applied', 'approved', 'refused', 'suspended', 'closed', name='companystatus', native_enum=False, length=24), nullable=False),
    sa.Column('status_reason', sa.String(500), nullable=True),
    sa.Column('membership', sa.Enum('member', 'interested', name='membership', native_enum=False, length=24), nullable=False),
    sa.Column('member_number', sa.String(40), nullable=True),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('place', sa.String(120), nullable=True),
    sa.Column('postal_code', sa.String(10), nullable=True),
    sa.Column('state', sa.String(5), nullable=True),
    sa.Column('lat', sa.Double(), nullable=True),
    sa.Column('lon', sa.Double(), nullable=True),
    sa.Column('sector', sa.String(5), nullable=True),
    sa.Column('size', sa.String(10), nullable=True),
    sa.Column('stage', sa.Integer(), nullable=True),
    sa.Column('areas', sa.JSON(), nullable=False),
    sa.Column('languages', sa.JSON(), nullable=False),
    sa.Column('about', sa.String(1000), nullable=True),
    sa.Column('capacity', sa.Integer(), nullable=False),
    sa.Column('max_open', sa.Integer(), nullable=False),
    sa.Column('show_name', sa.Boolean(), nullable=True),
    sa.Column('no_paid', sa.Boolean(), nullable=False),
    sa.Column('no_competitors', sa.Boolean(), nullable=False),
    sa.Column('paused_until', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('onboarded_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("(status <> 'approved') OR (approved_at IS NOT NULL)", name=op.f('ck_company_approval_dated')),
    sa.CheckConstraint("membership IN ('member', 'interested')", name=op.f('ck_company_membership_known')),
    sa.CheckConstraint("status IN ('applied', 'approved', 'refused', 'suspended', 'closed')", name=op.f('ck_company_status_known')),
    sa.CheckConstraint('(lat IS NULL) = (lon IS NULL)', name=op.f('ck_company_point_whole')),
    sa.CheckConstraint('capacity BETWEEN 0 AND 5', name=op.f('ck_company_capacity')),
    sa.CheckConstraint('lat IS NULL OR lat BETWEEN -90 AND 90', name=op.f('ck_company_lat')),
    sa.CheckConstraint('length(about) <= 1000', name=op.f('ck_company_about_length')),
    sa.CheckConstraint('length(member_number) <= 40', name=op.f('ck_company_member_number_length')),
    sa.CheckConstraint('length(name) <= 200', name=op.f('ck_company_name_length')),
    sa.CheckConstraint('length(name) >= 2', name=op.f('ck_company_name_given')),
    sa.CheckConstraint('length(name_key) <= 200', name=op.f('ck_company_name_key_length')),
    sa.CheckConstraint('length(place) <= 120', name=op.f('ck_company_place_length')),
    sa.CheckConstraint('length(postal_code) <= 10', name=op.f('ck_company_postal_code_length')),
    sa.CheckConstraint('length(sector) <= 5', name=op.f('ck_company_sector_length')),
    sa.CheckConstraint('length(size) <= 10', name=op.f('ck_company_size_length')),
    sa.CheckConstraint('length(state) <= 5', name=op.f('ck_company_state_length')),
    sa.CheckConstraint('length(status_reason) <= 500', name=op.f('ck_company_status_reason_length')),
    sa.CheckConstraint('lon IS NULL OR lon BETWEEN -180 AND 180', name=op.f('ck_company_lon')),
    sa.CheckConstraint('max_open BETWEEN 0 AND 20', name=op.f('ck_company_max_open')),
    sa.CheckConstraint('stage IS NULL OR stage BETWEEN 0 AND 5', name=op.f('ck_company_stage')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_company'))
    )
    with op.batch_alter_table('company', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_company_name_key'), ['name_key'], unique=False)
        batch_op.create_index('ix_company_status_state', ['status', 'state'], unique=False)

    op.create_table('lease',
    sa.Column('name', sa.String(60), nullable=False),
    sa.Column('token', sa.Uuid(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('length(name) <= 60', name=op.f('ck_lease_name_length')),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_lease'))
    )
    op.create_table('rate_limit',
    sa.Column('key', sa.String(255), nullable=False),
    sa.Column('hits', sa.Integer(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('length(key) <= 255', name=op.f('ck_rate_limit_key_length')),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_rate_limit'))
    )
    with op.batch_alter_table('rate_limit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_rate_limit_expires_at'), ['expires_at'], unique=False)

    op.create_table('role',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(40), nullable=False),
    sa.Column('description', sa.String(255), nullable=True),
    sa.Column('permissions', sa.JSON(), nullable=True),
    sa.CheckConstraint('length(description) <= 255', name=op.f('ck_role_description_length')),
    sa.CheckConstraint('length(name) <= 40', name=op.f('ck_role_name_length')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_role')),
    sa.UniqueConstraint('name', name=op.f('uq_role_name'))
    )
    op.create_table('topic',
    sa.Column('id', sa.String(60), nullable=False),
    sa.Column('de', sa.String(120), nullable=False),
    sa.Column('en', sa.String(120), nullable=False),
    sa.Column('parent_id', sa.String(60), nullable=True),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('status', sa.Enum('active', 'deprecated', name='topicstatus', native_enum=False, length=24), nullable=False),
    sa.Column('replaced_by', sa.String(60), nullable=True),
    sa.CheckConstraint("(replaced_by IS NULL) OR (status = 'deprecated')", name=op.f('ck_topic_replaced')),
    sa.CheckConstraint("status IN ('active', 'deprecated')", name=op.f('ck_topic_status_known')),
    sa.CheckConstraint('length(de) <= 120', name=op.f('ck_topic_de_length')),
    sa.CheckConstraint('length(en) <= 120', name=op.f('ck_topic_en_length')),
    sa.CheckConstraint('length(id) <= 60', name=op.f('ck_topic_id_length')),
    sa.CheckConstraint('length(parent_id) <= 60', name=op.f('ck_topic_parent_id_length')),
    sa.CheckConstraint('length(replaced_by) <= 60', name=op.f('ck_topic_replaced_by_length')),
    sa.CheckConstraint('replaced_by IS NULL OR replaced_by <> id', name=op.f('ck_topic_not_itself')),
    sa.ForeignKeyConstraint(['replaced_by'], ['topic.id'], name=op.f('fk_topic_replaced_by_topic')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topic'))
    )
    op.create_table('avoidance',
    sa.Column('company_id', sa.Uuid(), nullable=False),
    sa.Column('other_id', sa.Uuid(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('company_id <> other_id', name=op.f('ck_avoidance_two_companies')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_avoidance_company_id_company'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['other_id'], ['company.id'], name=op.f('fk_avoidance_other_id_company'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('company_id', 'other_id', name=op.f('pk_avoidance'))
    )
    with op.batch_alter_table('avoidance', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_avoidance_other_id'), ['other_id'], unique=False)

    op.create_table('block',
    sa.Column('company_lo_id', sa.Uuid(), nullable=False),
    sa.Column('company_hi_id', sa.Uuid(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.String(200), nullable=False),
    sa.CheckConstraint('company_lo_id < company_hi_id', name=op.f('ck_block_pair_ordered')),
    sa.CheckConstraint('length(reason) <= 200', name=op.f('ck_block_reason_length')),
    sa.ForeignKeyConstraint(['company_hi_id'], ['company.id'], name=op.f('fk_block_company_hi_id_company'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['company_lo_id'], ['company.id'], name=op.f('fk_block_company_lo_id_company'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('company_lo_id', 'company_hi_id', name=op.f('pk_block'))
    )
    with op.batch_alter_table('block', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_block_company_hi_id'), ['company_hi_id'], unique=False)

    op.create_table('cooldown',
    sa.Column('company_lo_id', sa.Uuid(), nullable=False),
    sa.Column('company_hi_id', sa.Uuid(), nullable=False),
    sa.Column('until', sa.DateTime(timezone=True), nullable=False),
    sa.Column('cause', sa.Enum('draft', 'proposed', 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled', name='state', native_enum=False, length=24), nullable=False),
    sa.CheckConstraint("cause IN ('draft', 'proposed', 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled')", name=op.f('ck_cooldown_cause_known')),
    sa.CheckConstraint('company_lo_id < company_hi_id', name=op.f('ck_cooldown_pair_ordered')),
    sa.ForeignKeyConstraint(['company_hi_id'], ['company.id'], name=op.f('fk_cooldown_company_hi_id_company'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['company_lo_id'], ['company.id'], name=op.f('fk_cooldown_company_lo_id_company'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('company_lo_id', 'company_hi_id', name=op.f('pk_cooldown'))
    )
    with op.batch_alter_table('cooldown', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_cooldown_company_hi_id'), ['company_hi_id'], unique=False)

    op.create_table('person',
    sa.Column('company_id', sa.Uuid(), nullable=True),
    sa.Column('seat', sa.Enum('asked', 'taken', name='seat', native_enum=False, length=24), nullable=False),
    sa.Column('name', sa.String(120), nullable=False),
    sa.Column('position', sa.String(120), nullable=True),
    sa.Column('phone', sa.String(40), nullable=True),
    sa.Column('release_email', sa.Boolean(), nullable=False),
    sa.Column('release_phone', sa.Boolean(), nullable=False),
    sa.Column('locale', sa.String(2), nullable=False),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('email', sa.String(255), nullable=False),
    sa.Column('password', sa.String(255), nullable=True),
    sa.Column('active', sa.Boolean(), nullable=False),
    sa.Column('fs_uniquifier', sa.String(64), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_login_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('current_login_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('last_login_ip', sa.String(64), nullable=True),
    sa.Column('current_login_ip', sa.String(64), nullable=True),
    sa.Column('login_count', sa.Integer(), nullable=True),
    sa.Column('tf_primary_method', sa.String(64), nullable=True),
    sa.Column('tf_totp_secret', sa.String(255), nullable=True),
    sa.Column('tf_phone_number', sa.String(128), nullable=True),
    sa.Column('us_totp_secrets', sa.Text(), nullable=True),
    sa.Column('us_phone_number', sa.String(128), nullable=True),
    sa.Column('mf_recovery_codes', sa.JSON(), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("seat IN ('asked', 'taken')", name=op.f('ck_person_seat_known')),
    sa.CheckConstraint('length(current_login_ip) <= 64', name=op.f('ck_person_current_login_ip_length')),
    sa.CheckConstraint('length(email) <= 255', name=op.f('ck_person_email_length')),
    sa.CheckConstraint('length(fs_uniquifier) <= 64', name=op.f('ck_person_fs_uniquifier_length')),
    sa.CheckConstraint('length(last_login_ip) <= 64', name=op.f('ck_person_last_login_ip_length')),
    sa.CheckConstraint('length(locale) <= 2', name=op.f('ck_person_locale_length')),
    sa.CheckConstraint('length(name) <= 120', name=op.f('ck_person_name_length')),
    sa.CheckConstraint('length(password) <= 255', name=op.f('ck_person_password_length')),
    sa.CheckConstraint('length(phone) <= 40', name=op.f('ck_person_phone_length')),
    sa.CheckConstraint('length(position) <= 120', name=op.f('ck_person_position_length')),
    sa.CheckConstraint('length(tf_phone_number) <= 128', name=op.f('ck_person_tf_phone_number_length')),
    sa.CheckConstraint('length(tf_primary_method) <= 64', name=op.f('ck_person_tf_primary_method_length')),
    sa.CheckConstraint('length(tf_totp_secret) <= 255', name=op.f('ck_person_tf_totp_secret_length')),
    sa.CheckConstraint('length(us_phone_number) <= 128', name=op.f('ck_person_us_phone_number_length')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_person_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_person')),
    sa.UniqueConstraint('email', name=op.f('uq_person_email')),
    sa.UniqueConstraint('fs_uniquifier', name=op.f('uq_person_fs_uniquifier')),
    sa.UniqueConstraint('us_phone_number', name=op.f('uq_person_us_phone_number'))
    )
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_person_company_id'), ['company_id'], unique=False)

    op.create_table('consent_event',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('digest', 'reminder', 'feedback', 'news', name='consentkind', native_enum=False, length=24), nullable=False),
    sa.Column('action', sa.Enum('requested', 'granted', 'withdrawn', name='consentaction', native_enum=False, length=24), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('wording', sa.String(40), nullable=False),
    sa.Column('source', sa.String(40), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("action IN ('requested', 'granted', 'withdrawn')", name=op.f('ck_consent_event_action_known')),
    sa.CheckConstraint("kind IN ('digest', 'reminder', 'feedback', 'news')", name=op.f('ck_consent_event_kind_known')),
    sa.CheckConstraint('length(source) <= 40', name=op.f('ck_consent_event_source_length')),
    sa.CheckConstraint('length(wording) <= 40', name=op.f('ck_consent_event_wording_length')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_consent_event_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_consent_event'))
    )
    with op.batch_alter_table('consent_event', schema=None) as batch_op:
        batch_op.create_index('ix_consent_event_latest', ['person_id', 'kind', 'at'], unique=False)

    op.create_table('listing',
    sa.Column('company_id', sa.Uuid(), nullable=False),
    sa.Column('author_id', sa.Uuid(), nullable=True),
    sa.Column('kind', sa.Enum('need', 'offering', name='kind', native_enum=False, length=24), nullable=False),
    sa.Column('title', sa.String(120), nullable=False),
    sa.Column('text', sa.String(4000), nullable=False),
    sa.Column('help_kinds', sa.JSON(), nullable=False),
    sa.Column('reach', sa.Enum('onsite', 'state', 'national', 'remote', name='reach', native_enum=False, length=24), nullable=False),
    sa.Column('radius_km', sa.Integer(), nullable=True),
    sa.Column('paid', sa.Enum('none', 'maybe', 'yes', name='paid', native_enum=False, length=24), nullable=False),
    sa.Column('status', sa.Enum('open', 'closed', name='listingstatus', native_enum=False, length=24), nullable=False),
    sa.Column('valid_until', sa.Date(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('topics_corrected', sa.Boolean(), nullable=False),
    sa.Column('vector', sa.LargeBinary(), nullable=True),
    sa.Column('vector_version', sa.String(80), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name=op.f('ck_listing_closing_dated')),
    sa.CheckConstraint("kind = 'offering' OR paid = 'none'", name=op.f('ck_listing_needs_unpaid')),
    sa.CheckConstraint("kind IN ('need', 'offering')", name=op.f('ck_listing_kind_known')),
    sa.CheckConstraint("paid IN ('none', 'maybe', 'yes')", name=op.f('ck_listing_paid_known')),
    sa.CheckConstraint("reach IN ('onsite', 'state', 'national', 'remote')", name=op.f('ck_listing_reach_known')),
    sa.CheckConstraint("status IN ('open', 'closed')", name=op.f('ck_listing_status_known')),
    sa.CheckConstraint('length(text) <= 4000', name=op.f('ck_listing_text_length')),
    sa.CheckConstraint('length(text) >= 1', name=op.f('ck_listing_text_given')),
    sa.CheckConstraint('length(title) <= 120', name=op.f('ck_listing_title_length')),
    sa.CheckConstraint('length(vector_version) <= 80', name=op.f('ck_listing_vector_version_length')),
    sa.CheckConstraint('radius_km IS NULL OR radius_km BETWEEN 1 AND 1000', name=op.f('ck_listing_radius')),
    sa.ForeignKeyConstraint(['author_id'], ['person.id'], name=op.f('fk_listing_author_id_person'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_listing_company_id_company')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_listing'))
    )
    with op.batch_alter_table('listing', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_listing_company_id'), ['company_id'], unique=False)
        batch_op.create_index('ix_listing_open', ['status', 'valid_until', 'kind'], unique=False)

    op.create_table('matching_settings',
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('values', sa.JSON(), nullable=False),
    sa.Column('note', sa.String(200), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.Uuid(), nullable=True),
    sa.CheckConstraint('length(note) <= 200', name=op.f('ck_matching_settings_note_length')),
    sa.ForeignKeyConstraint(['created_by'], ['person.id'], name=op.f('fk_matching_settings_created_by_person'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('version', name=op.f('pk_matching_settings'))
    )
    op.create_table('person_role',
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('role_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_person_role_person_id_person'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['role_id'], ['role.id'], name=op.f('fk_person_role_role_id_role')),
    sa.PrimaryKeyConstraint('person_id', 'role_id', name=op.f('pk_person_role'))
    )
    op.create_table('round',
    sa.Column('week', sa.String(8), nullable=False),
    sa.Column('state', sa.Enum('computing', 'draft', 'released', 'failed', name='roundstate', native_enum=False, length=24), nullable=False),
    sa.Column('seed', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('release_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('released_by', sa.Uuid(), nullable=True),
    sa.Column('lease_token', sa.Integer(), nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('progress', sa.JSON(), nullable=False),
    sa.Column('settings', sa.JSON(), nullable=False),
    sa.Column('manifest', sa.JSON(), nullable=False),
    sa.Column('error', sa.String(1000), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("(state = 'computing') = (lease_until IS NOT NULL)", name=op.f('ck_round_leased')),
    sa.CheckConstraint("(state = 'released') = (released_at IS NOT NULL)", name=op.f('ck_round_release_dated')),
    sa.CheckConstraint("state IN ('computing', 'draft', 'released', 'failed')", name=op.f('ck_round_state_known')),
    sa.CheckConstraint("state NOT IN ('draft', 'released') OR computed_at IS NOT NULL", name=op.f('ck_round_computing_dated')),
    sa.CheckConstraint("week LIKE '____-W__'", name=op.f('ck_round_week_form')),
    sa.CheckConstraint('length(error) <= 1000', name=op.f('ck_round_error_length')),
    sa.CheckConstraint('length(week) <= 8', name=op.f('ck_round_week_length')),
    sa.ForeignKeyConstraint(['released_by'], ['person.id'], name=op.f('fk_round_released_by_person'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_round')),
    sa.UniqueConstraint('week', name=op.f('uq_round_week'))
    )
    with op.batch_alter_table('round', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_round_released_at'), ['released_at'], unique=False)

    op.create_table('sign_in_link',
    sa.Column('token_hash', sa.String(64), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint('length(token_hash) <= 64', name=op.f('ck_sign_in_link_token_hash_length')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_sign_in_link_person_id_person'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('token_hash', name=op.f('pk_sign_in_link'))
    )
    with op.batch_alter_table('sign_in_link', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_link_person_id'), ['person_id'], unique=False)

    op.create_table('introduction',
    sa.Column('round_id', sa.Uuid(), nullable=False),
    sa.Column('company_lo_id', sa.Uuid(), nullable=False),
    sa.Column('company_hi_id', sa.Uuid(), nullable=False),
    sa.Column('state', sa.Enum('draft', 'proposed', 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled', name='state', native_enum=False, length=24), nullable=False),
    sa.Column('lo_decision', sa.Enum('pending', 'accepted', 'declined', name='decision', native_enum=False, length=24), nullable=False),
    sa.Column('hi_decision', sa.Enum('pending', 'accepted', 'declined', name='decision', native_enum=False, length=24), nullable=False),
    sa.Column('lo_decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hi_decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('lo_person_id', sa.Uuid(), nullable=True),
    sa.Column('hi_person_id', sa.Uuid(), nullable=True),
    sa.Column('lo_reason', sa.Enum('no_time', 'not_the_topic', 'know_each_other', 'competitor', 'too_far', 'only_selling', 'other', name='declinereason', native_enum=False, length=24), nullable=True),
    sa.Column('hi_reason', sa.Enum('no_time', 'not_the_topic', 'know_each_other', 'competitor', 'too_far', 'only_selling', 'other', name='declinereason', native_enum=False, length=24), nullable=True),
    sa.Column('lo_tells', sa.Boolean(), nullable=False),
    sa.Column('hi_tells', sa.Boolean(), nullable=False),
    sa.Column('lo_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('hi_seen_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('band', sa.Enum('strong', 'good', 'possible', name='band', native_enum=False, length=24), nullable=False),
    sa.Column('slot', sa.Enum('model', 'explore', 'pinned', name='slot', native_enum=False, length=24), nullable=False),
    sa.Column('propensity', sa.Double(), nullable=False),
    sa.Column('misfits', sa.JSON(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('shown_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('connected_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('cancel_reason', sa.String(40), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("(hi_decision = 'pending') = (hi_decided_at IS NULL)", name=op.f('ck_introduction_hi_dated')),
    sa.CheckConstraint("(lo_decision = 'pending') = (lo_decided_at IS NULL)", name=op.f('ck_introduction_lo_dated')),
    sa.CheckConstraint("(state = 'connected') = (connected_at IS NOT NULL)", name=op.f('ck_introduction_connection_dated')),
    sa.CheckConstraint("(state = 'connected') = (lo_decision = 'accepted' AND hi_decision = 'accepted')", name=op.f('ck_introduction_connected_by_both')),
    sa.CheckConstraint("(state = 'declined') = (lo_decision = 'declined' OR hi_decision = 'declined')", name=op.f('ck_introduction_declined_by_one')),
    sa.CheckConstraint("(state IN ('draft', 'proposed', 'half')) = (closed_at IS NULL)", name=op.f('ck_introduction_open_or_closed')),
    sa.CheckConstraint("band IN ('strong', 'good', 'possible')", name=op.f('ck_introduction_band_known')),
    sa.CheckConstraint("hi_decision IN ('pending', 'accepted', 'declined')", name=op.f('ck_introduction_hi_decision_known')),
    sa.CheckConstraint("hi_reason IN ('no_time', 'not_the_topic', 'know_each_other', 'competitor', 'too_far', 'only_selling', 'other')", name=op.f('ck_introduction_hi_reason_known')),
    sa.CheckConstraint("hi_reason IS NULL OR hi_decision = 'declined'", name=op.f('ck_introduction_hi_reason_declines')),
    sa.CheckConstraint("lo_decision IN ('pending', 'accepted', 'declined')", name=op.f('ck_introduction_lo_decision_known')),
    sa.CheckConstraint("lo_reason IN ('no_time', 'not_the_topic', 'know_each_other', 'competitor', 'too_far', 'only_selling', 'other')", name=op.f('ck_introduction_lo_reason_known')),
    sa.CheckConstraint("lo_reason IS NULL OR lo_decision = 'declined'", name=op.f('ck_introduction_lo_reason_declines')),
    sa.CheckConstraint("slot IN ('model', 'explore', 'pinned')", name=op.f('ck_introduction_slot_known')),
    sa.CheckConstraint("state <> 'half' OR (lo_decision = 'accepted' AND hi_decision = 'pending') OR (lo_decision = 'pending' AND hi_decision = 'accepted')", name=op.f('ck_introduction_half_by_one')),
    sa.CheckConstraint("state IN ('draft', 'cancelled') OR (shown_at IS NOT NULL AND expires_at IS NOT NULL)", name=op.f('ck_introduction_showing_dated')),
    sa.CheckConstraint("state IN ('draft', 'proposed', 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled')", name=op.f('ck_introduction_state_known')),
    sa.CheckConstraint("state NOT IN ('draft', 'proposed') OR (lo_decision = 'pending' AND hi_decision = 'pending')", name=op.f('ck_introduction_proposed_undecided')),
    sa.CheckConstraint('company_lo_id < company_hi_id', name=op.f('ck_introduction_pair_ordered')),
    sa.CheckConstraint('length(cancel_reason) <= 40', name=op.f('ck_introduction_cancel_reason_length')),
    sa.CheckConstraint('propensity > 0 AND propensity <= 1', name=op.f('ck_introduction_propensity')),
    sa.CheckConstraint('score BETWEEN 0 AND 1', name=op.f('ck_introduction_score_range')),
    sa.ForeignKeyConstraint(['company_hi_id'], ['company.id'], name=op.f('fk_introduction_company_hi_id_company')),
    sa.ForeignKeyConstraint(['company_lo_id'], ['company.id'], name=op.f('fk_introduction_company_lo_id_company')),
    sa.ForeignKeyConstraint(['hi_person_id'], ['person.id'], name=op.f('fk_introduction_hi_person_id_person'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['lo_person_id'], ['person.id'], name=op.f('fk_introduction_lo_person_id_person'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_introduction_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_introduction')),
    sa.UniqueConstraint('id', 'state', name='uq_introduction_id_state'),
    sa.UniqueConstraint('round_id', 'company_lo_id', 'company_hi_id', name='uq_introduction_round_pair')
    )
    with op.batch_alter_table('introduction', schema=None) as batch_op:
        batch_op.create_index('ix_introduction_due', ['state', 'expires_at'], unique=False)
        batch_op.create_index('ix_introduction_hi_state', ['company_hi_id', 'state'], unique=False)
        batch_op.create_index('ix_introduction_lo_state', ['company_lo_id', 'state'], unique=False)
        batch_op.create_index(batch_op.f('ix_introduction_round_id'), ['round_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_introduction_shown_at'), ['shown_at'], unique=False)
        batch_op.create_index('uq_introduction_connected_pair', ['company_lo_id', 'company_hi_id'], unique=True, sqlite_where=sa.text("state = 'connected'"), postgresql_where=sa.text("state = 'connected'"))
        batch_op.create_index('uq_introduction_open_pair', ['company_lo_id', 'company_hi_id'], unique=True, sqlite_where=sa.text("state IN ('draft', 'proposed', 'half')"), postgresql_where=sa.text("state IN ('draft', 'proposed', 'half')"))

    op.create_table('listing_topic',
    sa.Column('listing_id', sa.Uuid(), nullable=False),
    sa.Column('topic_id', sa.String(60), nullable=False),
    sa.Column('weight', sa.Double(), nullable=False),
    sa.Column('by_person', sa.Boolean(), nullable=False),
    sa.CheckConstraint('length(topic_id) <= 60', name=op.f('ck_listing_topic_topic_id_length')),
    sa.CheckConstraint('weight > 0 AND weight <= 1', name=op.f('ck_listing_topic_weight')),
    sa.ForeignKeyConstraint(['listing_id'], ['listing.id'], name=op.f('fk_listing_topic_listing_id_listing'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['topic_id'], ['topic.id'], name=op.f('fk_listing_topic_topic_id_topic')),
    sa.PrimaryKeyConstraint('listing_id', 'topic_id', name=op.f('pk_listing_topic'))
    )
    with op.batch_alter_table('listing_topic', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_listing_topic_topic_id'), ['topic_id'], unique=False)

    op.create_table('outbox_mail',
    sa.Column('kind', sa.Enum('confirm', 'reset', 'security', 'approved', 'seat', 'contact', 'digest', 'reminder', 'feedback', name='mailkind', native_enum=False, length=24), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=False),
    sa.Column('subject_id', sa.Uuid(), nullable=True),
    sa.Column('params', sa.JSON(), nullable=False),
    sa.Column('dedupe_key', sa.String(160), nullable=False),
    sa.Column('message_id', sa.String(200), nullable=False),
    sa.Column('consent_id', sa.Uuid(), nullable=True),
    sa.Column('state', sa.Enum('queued', 'sending', 'sent', 'dead', 'uncertain', 'suppressed', 'held', name='mailstate', native_enum=False, length=24), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('give_up_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('lease_token', sa.Uuid(), nullable=True),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.String(500), nullable=True),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name=op.f('ck_outbox_mail_leased')),
    sa.CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name=op.f('ck_outbox_mail_sent_dated')),
    sa.CheckConstraint("kind IN ('confirm', 'reset', 'security', 'approved', 'seat', 'contact', 'digest', 'reminder', 'feedback')", name=op.f('ck_outbox_mail_kind_known')),
    sa.CheckConstraint("kind NOT IN ('digest', 'reminder', 'feedback') OR consent_id IS NOT NULL", name=op.f('ck_outbox_mail_consented')),
    sa.CheckConstraint("state IN ('queued', 'sending', 'sent', 'dead', 'uncertain', 'suppressed', 'held')", name=op.f('ck_outbox_mail_state_known')),
    sa.CheckConstraint('(lease_token IS NULL) = (lease_until IS NULL)', name=op.f('ck_outbox_mail_lease_whole')),
    sa.CheckConstraint('length(dedupe_key) <= 160', name=op.f('ck_outbox_mail_dedupe_key_length')),
    sa.CheckConstraint('length(error) <= 500', name=op.f('ck_outbox_mail_error_length')),
    sa.CheckConstraint('length(message_id) <= 200', name=op.f('ck_outbox_mail_message_id_length')),
    sa.ForeignKeyConstraint(['consent_id'], ['consent_event.id'], name=op.f('fk_outbox_mail_consent_id_consent_event')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_outbox_mail_person_id_person')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox_mail')),
    sa.UniqueConstraint('dedupe_key', name=op.f('uq_outbox_mail_dedupe_key')),
    sa.UniqueConstraint('message_id', name=op.f('uq_outbox_mail_message_id'))
    )
    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.create_index('ix_outbox_mail_due', ['state', 'due_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_outbox_mail_person_id'), ['person_id'], unique=False)

    op.create_table('round_edit',
    sa.Column('round_id', sa.Uuid(), nullable=False),
    sa.Column('company_lo_id', sa.Uuid(), nullable=False),
    sa.Column('company_hi_id', sa.Uuid(), nullable=False),
    sa.Column('kind', sa.Enum('pin', 'drop', name='editkind', native_enum=False, length=24), nullable=False),
    sa.Column('by_id', sa.Uuid(), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("kind IN ('pin', 'drop')", name=op.f('ck_round_edit_kind_known')),
    sa.CheckConstraint('company_lo_id < company_hi_id', name=op.f('ck_round_edit_pair_ordered')),
    sa.ForeignKeyConstraint(['by_id'], ['person.id'], name=op.f('fk_round_edit_by_id_person'), ondelete='SET NULL'),
    sa.ForeignKeyConstraint(['company_hi_id'], ['company.id'], name=op.f('fk_round_edit_company_hi_id_company')),
    sa.ForeignKeyConstraint(['company_lo_id'], ['company.id'], name=op.f('fk_round_edit_company_lo_id_company')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_round_edit_round_id_round')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_round_edit')),
    sa.UniqueConstraint('round_id', 'company_lo_id', 'company_hi_id', name=op.f('uq_round_edit_round_id'))
    )
    with op.batch_alter_table('round_edit', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_round_edit_round_id'), ['round_id'], unique=False)

    op.create_table('uncovered',
    sa.Column('round_id', sa.Uuid(), nullable=False),
    sa.Column('company_id', sa.Uuid(), nullable=False),
    sa.Column('reason', sa.String(40), nullable=False),
    sa.CheckConstraint('length(reason) <= 40', name=op.f('ck_uncovered_reason_length')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_uncovered_company_id_company'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_uncovered_round_id_round'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('round_id', 'company_id', name=op.f('pk_uncovered'))
    )
    with op.batch_alter_table('uncovered', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_uncovered_company_id'), ['company_id'], unique=False)

    op.create_table('unmet_need',
    sa.Column('round_id', sa.Uuid(), nullable=False),
    sa.Column('listing_id', sa.Uuid(), nullable=False),
    sa.ForeignKeyConstraint(['listing_id'], ['listing.id'], name=op.f('fk_unmet_need_listing_id_listing'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_unmet_need_round_id_round'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('round_id', 'listing_id', name=op.f('pk_unmet_need'))
    )
    with op.batch_alter_table('unmet_need', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_unmet_need_listing_id'), ['listing_id'], unique=False)

    op.create_table('contact_release',
    sa.Column('introduction_id', sa.Uuid(), nullable=False),
    sa.Column('to_side', sa.Enum('lo', 'hi', name='side', native_enum=False, length=24), nullable=False),
    sa.Column('state', sa.Enum('draft', 'proposed', 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled', name='state', native_enum=False, length=24), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('released_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("state = 'connected'", name=op.f('ck_contact_release_connected_only')),
    sa.CheckConstraint("state IN ('draft', 'proposed', 'half', 'connected', 'declined', 'expired', 'withdrawn', 'cancelled')", name=op.f('ck_contact_release_state_known')),
    sa.CheckConstraint("to_side IN ('lo', 'hi')", name=op.f('ck_contact_release_to_side_known')),
    sa.ForeignKeyConstraint(['introduction_id', 'state'], ['introduction.id', 'introduction.state'], name='fk_contact_release_connected'),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_contact_release_person_id_person'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('introduction_id', 'to_side', name=op.f('pk_contact_release'))
    )
    with op.batch_alter_table('contact_release', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_contact_release_person_id'), ['person_id'], unique=False)

    op.create_table('decision_event',
    sa.Column('introduction_id', sa.Uuid(), nullable=False),
    sa.Column('act', sa.Enum('release', 'accept', 'decline', 'withdraw', 'expire', 'cancel', name='decisionact', native_enum=False, length=24), nullable=False),
    sa.Column('side', sa.Enum('lo', 'hi', name='side', native_enum=False, length=24), nullable=True),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('reason', sa.String(40), nullable=True),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("act IN ('release', 'accept', 'decline', 'withdraw', 'expire', 'cancel')", name=op.f('ck_decision_event_act_known')),
    sa.CheckConstraint("side IN ('lo', 'hi')", name=op.f('ck_decision_event_side_known')),
    sa.CheckConstraint('length(reason) <= 40', name=op.f('ck_decision_event_reason_length')),
    sa.ForeignKeyConstraint(['introduction_id'], ['introduction.id'], name=op.f('fk_decision_event_introduction_id_introduction')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_decision_event'))
    )
    with op.batch_alter_table('decision_event', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_decision_event_at'), ['at'], unique=False)
        batch_op.create_index(batch_op.f('ix_decision_event_introduction_id'), ['introduction_id'], unique=False)

    op.create_table('feedback',
    sa.Column('introduction_id', sa.Uuid(), nullable=False),
    sa.Column('side', sa.Enum('lo', 'hi', name='side', native_enum=False, length=24), nullable=False),
    sa.Column('person_id', sa.Uuid(), nullable=True),
    sa.Column('held', sa.Boolean(), nullable=False),
    sa.Column('outcome', sa.Enum('little', 'informative', 'helpful', 'cooperation', name='outcome', native_enum=False, length=24), nullable=True),
    sa.Column('helpful', sa.Integer(), nullable=True),
    sa.Column('sentence', sa.String(500), nullable=True),
    sa.Column('may_publish', sa.Boolean(), nullable=False),
    sa.Column('given_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("outcome IN ('little', 'informative', 'helpful', 'cooperation')", name=op.f('ck_feedback_outcome_known')),
    sa.CheckConstraint("side IN ('lo', 'hi')", name=op.f('ck_feedback_side_known')),
    sa.CheckConstraint('held OR (helpful IS NULL AND outcome IS NULL)', name=op.f('ck_feedback_held_first')),
    sa.CheckConstraint('helpful IS NULL OR helpful BETWEEN 1 AND 5', name=op.f('ck_feedback_helpful')),
    sa.CheckConstraint('length(sentence) <= 500', name=op.f('ck_feedback_sentence_length')),
    sa.ForeignKeyConstraint(['introduction_id'], ['introduction.id'], name=op.f('fk_feedback_introduction_id_introduction')),
    sa.ForeignKeyConstraint(['person_id'], ['person.id'], name=op.f('fk_feedback_person_id_person'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_feedback')),
    sa.UniqueConstraint('introduction_id', 'side', name=op.f('uq_feedback_introduction_id'))
    )
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_feedback_given_at'), ['given_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_feedback_introduction_id'), ['introduction_id'], unique=False)

    op.create_table('introduction_slot',
    sa.Column('round_id', sa.Uuid(), nullable=False),
    sa.Column('company_id', sa.Uuid(), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=False),
    sa.Column('introduction_id', sa.Uuid(), nullable=False),
    sa.CheckConstraint('slot BETWEEN 1 AND 5', name=op.f('ck_introduction_slot_slot_range')),
    sa.ForeignKeyConstraint(['company_id'], ['company.id'], name=op.f('fk_introduction_slot_company_id_company')),
    sa.ForeignKeyConstraint(['introduction_id'], ['introduction.id'], name=op.f('fk_introduction_slot_introduction_id_introduction'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_introduction_slot_round_id_round')),
    sa.PrimaryKeyConstraint('round_id', 'company_id', 'slot', name=op.f('pk_introduction_slot')),
    sa.UniqueConstraint('introduction_id', 'company_id', name=op.f('uq_introduction_slot_introduction_id'))
    )
    with op.batch_alter_table('introduction_slot', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_introduction_slot_introduction_id'), ['introduction_id'], unique=False)

    op.create_table('match',
    sa.Column('introduction_id', sa.Uuid(), nullable=False),
    sa.Column('need_id', sa.Uuid(), nullable=False),
    sa.Column('offering_id', sa.Uuid(), nullable=False),
    sa.Column('giver', sa.Enum('lo', 'hi', name='side', native_enum=False, length=24), nullable=False),
    sa.Column('score', sa.Double(), nullable=False),
    sa.Column('parts', sa.JSON(), nullable=False),
    sa.Column('reasons', sa.JSON(), nullable=False),
    sa.Column('id', sa.Uuid(), nullable=False),
    sa.CheckConstraint("giver IN ('lo', 'hi')", name=op.f('ck_match_giver_known')),
    sa.CheckConstraint('score BETWEEN 0 AND 1', name=op.f('ck_match_score_range')),
    sa.ForeignKeyConstraint(['introduction_id'], ['introduction.id'], name=op.f('fk_match_introduction_id_introduction'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['need_id'], ['listing.id'], name=op.f('fk_match_need_id_listing')),
    sa.ForeignKeyConstraint(['offering_id'], ['listing.id'], name=op.f('fk_match_offering_id_listing')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_match')),
    sa.UniqueConstraint('introduction_id', 'need_id', 'offering_id', name=op.f('uq_match_introduction_id'))
    )
    with op.batch_alter_table('match', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_match_introduction_id'), ['introduction_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_match_need_id'), ['need_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_match_offering_id'), ['offering_id'], unique=False)




def downgrade() -> None:

    with op.batch_alter_table('match', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_match_offering_id'))
        batch_op.drop_index(batch_op.f('ix_match_need_id'))
        batch_op.drop_index(batch_op.f('ix_match_introduction_id'))

    op.drop_table('match')
    with op.batch_alter_table('introduction_slot', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_introduction_slot_introduction_id'))

    op.drop_table('introduction_slot')
    with op.batch_alter_table('feedback', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_feedback_introduction_id'))
        batch_op.drop_index(batch_op.f('ix_feedback_given_at'))

    op.drop_table('feedback')
    with op.batch_alter_table('decision_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_decision_event_introduction_id'))
        batch_op.drop_index(batch_op.f('ix_decision_event_at'))

    op.drop_table('decision_event')
    with op.batch_alter_table('contact_release', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_contact_release_person_id'))

    op.drop_table('contact_release')
    with op.batch_alter_table('unmet_need', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_unmet_need_listing_id'))

    op.drop_table('unmet_need')
    with op.batch_alter_table('uncovered', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_uncovered_company_id'))

    op.drop_table('uncovered')
    with op.batch_alter_table('round_edit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_round_edit_round_id'))

    op.drop_table('round_edit')
    with op.batch_alter_table('outbox_mail', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_outbox_mail_person_id'))
        batch_op.drop_index('ix_outbox_mail_due')

    op.drop_table('outbox_mail')
    with op.batch_alter_table('listing_topic', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_listing_topic_topic_id'))

    op.drop_table('listing_topic')
    with op.batch_alter_table('introduction', schema=None) as batch_op:
        batch_op.drop_index('uq_introduction_open_pair', sqlite_where=sa.text("state IN ('draft', 'proposed', 'half')"), postgresql_where=sa.text("state IN ('draft', 'proposed', 'half')"))
        batch_op.drop_index('uq_introduction_connected_pair', sqlite_where=sa.text("state = 'connected'"), postgresql_where=sa.text("state = 'connected'"))
        batch_op.drop_index(batch_op.f('ix_introduction_shown_at'))
        batch_op.drop_index(batch_op.f('ix_introduction_round_id'))
        batch_op.drop_index('ix_introduction_lo_state')
        batch_op.drop_index('ix_introduction_hi_state')
        batch_op.drop_index('ix_introduction_due')

    op.drop_table('introduction')
    with op.batch_alter_table('sign_in_link', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_link_person_id'))

    op.drop_table('sign_in_link')
    with op.batch_alter_table('round', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_round_released_at'))

    op.drop_table('round')
    op.drop_table('person_role')
    op.drop_table('matching_settings')
    with op.batch_alter_table('listing', schema=None) as batch_op:
        batch_op.drop_index('ix_listing_open')
        batch_op.drop_index(batch_op.f('ix_listing_company_id'))

    op.drop_table('listing')
    with op.batch_alter_table('consent_event', schema=None) as batch_op:
        batch_op.drop_index('ix_consent_event_latest')

    op.drop_table('consent_event')
    with op.batch_alter_table('person', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_person_company_id'))

    op.drop_table('person')
    with op.batch_alter_table('cooldown', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_cooldown_company_hi_id'))

    op.drop_table('cooldown')
    with op.batch_alter_table('block', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_block_company_hi_id'))

    op.drop_table('block')
    with op.batch_alter_table('avoidance', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_avoidance_other_id'))

    op.drop_table('avoidance')
    op.drop_table('topic')
    op.drop_table('role')
    with op.batch_alter_table('rate_limit', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_rate_limit_expires_at'))

    op.drop_table('rate_limit')
    op.drop_table('lease')
    with op.batch_alter_table('company', schema=None) as batch_op:
        batch_op.drop_index('ix_company_status_state')
        batch_op.drop_index(batch_op.f('ix_company_name_key'))

    op.drop_table('company')
    with op.batch_alter_table('audit_event', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_audit_event_subject_id'))
        batch_op.drop_index(batch_op.f('ix_audit_event_at'))
        batch_op.drop_index(batch_op.f('ix_audit_event_actor_id'))

    op.drop_table('audit_event')

